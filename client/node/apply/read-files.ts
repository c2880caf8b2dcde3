import { readdir, readFile, realpath, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import type { DefinitionFile } from "./parse-files.ts";

export interface ReadFiles {
  files: DefinitionFile[];
  /** What could not be read: a sentence each. */
  faults: string[];
}

/**
 * Reads the files, and of folders all `.json` files in and below them, in the order of their names. `-` is standard input.
 * Each file is read once, however often it is named. Links are followed: a folder that Kubernetes mounts is full of them.
 */
export async function readFiles(paths: readonly string[], stdin: Readable): Promise<ReadFiles> {
  const read: ReadFiles = { files: [], faults: [] };
  const seen = new Set<string>();
  for (const path of paths) {
    try {
      if (path !== "-") await readPath(path, read, seen);
      else read.files.push({ path: "standard input", text: textOf(await buffer(stdin)) });
    } catch (error) {
      read.faults.push(`${path}: ${reasonOf(error)}`);
    }
  }
  return read;
}

async function readPath(path: string, read: ReadFiles, seen: Set<string>): Promise<void> {
  if (!(await stat(path)).isDirectory()) return readOne(path, read, seen);
  const found = await jsonFilesIn(path, new Set());
  if (found.length === 0) read.faults.push(`${path}: there is no .json file in this folder`);
  for (const file of found) await readOne(file, read, seen);
}

async function readOne(path: string, read: ReadFiles, seen: Set<string>): Promise<void> {
  const real = await realpath(path);
  if (seen.has(real)) return;
  seen.add(real);
  try {
    read.files.push({ path, text: textOf(await readFile(path)) });
  } catch (error) {
    read.faults.push(`${path}: ${reasonOf(error)}`);
  }
}

/** Hidden entries are left out, and folders that a link leads back to. */
async function jsonFilesIn(folder: string, entered: Set<string>): Promise<string[]> {
  const real = await realpath(folder);
  if (entered.has(real)) return [];
  entered.add(real);
  const found: string[] = [];
  for (const name of (await readdir(folder)).sort()) {
    const path = join(folder, name);
    if (name.startsWith(".") || name === "node_modules") continue;
    if ((await stat(path)).isDirectory()) found.push(...(await jsonFilesIn(path, entered)));
    else if (name.endsWith(".json")) found.push(path);
  }
  return found;
}

/** UTF-8, with or without a byte order mark. */
function textOf(bytes: Uint8Array): string {
  return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
}

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === "ENOENT") return "there is no such file or folder";
  return code === "ERR_ENCODING_INVALID_ENCODED_DATA" ? "it is not UTF-8" : message;
}
