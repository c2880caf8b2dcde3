import { existsSync, globSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { gzipSync } from "node:zlib";

const SITE = resolve(import.meta.dirname, "../../dist/site");

/** What the dashboard loads, packed; undefined when it has not been built. */
export function siteSize(): { gzipBytes: number; files: number } | undefined {
  if (!existsSync(SITE)) return undefined;
  const files = globSync("**/*.{html,js,css,svg}", { cwd: SITE });
  const gzipBytes = files.reduce((sum, file) => sum + gzipSync(readFileSync(join(SITE, file))).length, 0);
  return { gzipBytes, files: files.length };
}
