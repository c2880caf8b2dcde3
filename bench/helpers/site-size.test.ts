import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { build } from "vite";
import { expect, test, vi } from "vitest";
import { siteSizes } from "./site-size.ts";

const SITE = resolve(import.meta.dirname, "../../site");
const MOST_GZIP_BYTES = 60 * 1024;

test("[P8] what opening a dashboard loads is at most 60 KiB gzip in all", async () => {
  const outDir = mkdtempSync(join(tmpdir(), "freshet-site-"));
  try {
    // As it is deployed: Vite would keep a test's own environment.
    vi.stubEnv("NODE_ENV", "production");
    const configFile = join(SITE, "vite.config.ts");
    await build({ root: SITE, configFile, logLevel: "warn", build: { outDir, emptyOutDir: true } });
    const sizes = siteSizes(outDir);
    console.log(
      `opening a dashboard: ${sizes?.opening.gzipBytes} B gzip in ${sizes?.opening.files} files; ` +
        `on demand: ${sizes?.onDemand.gzipBytes} B in ${sizes?.onDemand.files} files`,
    );
    expect(sizes?.opening.files).toBeGreaterThanOrEqual(4);
    expect(sizes?.opening.gzipBytes).toBeLessThanOrEqual(MOST_GZIP_BYTES);
  } finally {
    vi.unstubAllEnvs();
    rmSync(outDir, { recursive: true, force: true });
  }
});
