import { existsSync, globSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { gzipSync } from "node:zlib";

const SITE = resolve(import.meta.dirname, "../../dist/site");

export interface SiteSize {
  files: number;
  bytes: number;
  gzipBytes: number;
}

/** What the dashboard loads, plain and packed file by file; undefined when it has not been built. */
export function siteSize(): SiteSize | undefined {
  if (!existsSync(SITE)) return undefined;
  const names = globSync("**/*.{html,js,css,svg}", { cwd: SITE });
  const files = names.map((name) => readFileSync(join(SITE, name)));
  const sum = (size: (file: Buffer) => number): number =>
    files.reduce((total, file) => total + size(file), 0);
  return {
    files: files.length,
    bytes: sum((file) => file.length),
    gzipBytes: sum((file) => gzipSync(file).length),
  };
}
