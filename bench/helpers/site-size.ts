import { existsSync, globSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { gzipSync } from "node:zlib";

const SITE = resolve(import.meta.dirname, "../../dist/site");

export interface SiteSize {
  files: number;
  bytes: number;
  gzipBytes: number;
}

/** What opening a dashboard loads, and what is loaded when somebody asks for it. Plain, and packed file by file. */
export interface SiteSizes {
  opening: SiteSize;
  onDemand: SiteSize;
}

/** The sizes of the built site; undefined when it has not been built. */
export function siteSizes(folder = SITE): SiteSizes | undefined {
  const page = join(folder, "index.html");
  if (!existsSync(page)) return undefined;
  const named = [...readFileSync(page, "utf8").matchAll(/(?:src|href)="\/([^"]+)"/g)].map(([, name]) => name);
  const opening = new Set(["index.html", ...named]);
  const names = globSync("**/*.{html,js,css,svg}", { cwd: folder });
  return {
    opening: sizeOf(
      folder,
      names.filter((name) => opening.has(name)),
    ),
    onDemand: sizeOf(
      folder,
      names.filter((name) => !opening.has(name)),
    ),
  };
}

/** What opening a dashboard loads; undefined when the site has not been built. */
export function siteSize(): SiteSize | undefined {
  return siteSizes()?.opening;
}

function sizeOf(folder: string, names: readonly string[]): SiteSize {
  const files = names.map((name) => readFileSync(join(folder, name)));
  const sum = (size: (file: Buffer) => number): number =>
    files.reduce((total, file) => total + size(file), 0);
  return {
    files: files.length,
    bytes: sum((file) => file.length),
    gzipBytes: sum((file) => gzipSync(file, { level: 9 }).length),
  };
}
