import { expect, test } from "vitest";
import { buildBrowserClient } from "../../tools/build-client.ts";

const MOST_GZIP_BYTES = 2.5 * 1024;

test("[I8] the browser SDK, built, is below 2.5 KiB gzip in both forms and imports nothing", async () => {
  const built = await buildBrowserClient();
  expect(built.map(({ file }) => file).sort()).toEqual(["freshet.global.js", "freshet.js"]);
  expect(built.filter(({ gzipBytes }) => gzipBytes >= MOST_GZIP_BYTES)).toEqual([]);
  expect(built.filter(({ code }) => /\bimport\b/.test(code))).toEqual([]);
});
