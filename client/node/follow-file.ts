import type { Stats } from "node:fs";
import { open, stat, type FileHandle } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { LineSplitter } from "./line-splitter.ts";

export interface FollowOptions {
  signal: AbortSignal;
  /** How often the file is looked at. Polling, as change notices are missing on network file systems and in containers. */
  pollMs?: number;
  splitter?: LineSplitter;
}

interface OpenFile {
  handle: FileHandle;
  device: number;
  inode: number;
  position: number;
}

const CHUNK_BYTES = 64 * 1024;

/**
 * Yields the lines added to a file from now on, as `tail -F` does: through rotation (another file under the name), truncation and
 * times without the file. One that appears later is read from its start. A truncated file that grew past the old
 * length between two looks cannot be told from one that only grew.
 */
export async function* followFile(path: string, options: FollowOptions): AsyncGenerator<string> {
  const { signal, pollMs = 250, splitter = new LineSplitter(128 * 1024) } = options;
  const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  let file = await openFile(path, "end");
  let replaced = false;
  try {
    while (!signal.aborted) {
      if (file) {
        yield* readLines(file, buffer, splitter);
        if (replaced) {
          yield* splitter.end();
          await file.handle.close();
          file = undefined;
        }
      }
      file ??= await openFile(path, "start");
      // Its writer may go on for a moment after a rotation: the old file is read once more before the new one.
      replaced = file !== undefined && (await isReplaced(file, path));
      if (file && !replaced && (await file.handle.stat()).size < file.position) {
        yield* splitter.end();
        file.position = 0;
      } else {
        await pause(pollMs, signal);
      }
    }
    if (file) yield* readLines(file, buffer, splitter);
  } finally {
    await file?.handle.close();
  }
}

async function* readLines(file: OpenFile, buffer: Buffer, splitter: LineSplitter): AsyncGenerator<string> {
  for (;;) {
    const { bytesRead } = await file.handle.read(buffer, 0, buffer.length, file.position);
    if (bytesRead === 0) return;
    file.position += bytesRead;
    yield* splitter.push(buffer.subarray(0, bytesRead));
  }
}

async function openFile(path: string, from: "start" | "end"): Promise<OpenFile | undefined> {
  const handle = await open(path, "r").catch(absent);
  if (!handle) return undefined;
  const { dev, ino, size } = await handle.stat();
  return { handle, device: dev, inode: ino, position: from === "end" ? size : 0 };
}

async function isReplaced(file: OpenFile, path: string): Promise<boolean> {
  const named: Stats | undefined = await stat(path).catch(absent);
  return named !== undefined && (named.ino !== file.inode || named.dev !== file.device);
}

/** A file that is not there yet, or not now, is waited for; one that may not be read is an error. */
function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== "ENOENT") throw error;
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => {});
}
