import { expect, test } from "vitest";
import { buildLiveClient } from "../../tools/build-client.ts";

const MOST_GZIP_BYTES = 4 * 1024;

test("[L3] the live library, built, is below 4 KiB gzip and imports nothing", async () => {
  const [built] = await buildLiveClient();
  expect(built?.gzipBytes).toBeLessThan(MOST_GZIP_BYTES);
  expect(built?.code).not.toMatch(/\bimport\b/);
});
