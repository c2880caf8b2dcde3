import { appendFile, mkdtemp, rename, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { followFile } from "./follow-file.ts";

let folder = "";
let path = "";
let stop = new AbortController();
let following: Promise<void> = Promise.resolve();
const lines: string[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "freshet-follow-"));
  path = join(folder, "app.log");
  stop = new AbortController();
  lines.length = 0;
});

afterEach(async () => {
  stop.abort();
  await following;
  await rm(folder, { recursive: true });
});

/** Starts following, and waits until it has looked at the file. */
async function follow(pollMs = 5): Promise<void> {
  following = (async () => {
    for await (const line of followFile(path, { signal: stop.signal, pollMs })) lines.push(line);
  })();
  await looks(4);
}

async function looks(count: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, count * 10));
}

test("[I8] gives the lines that are added, and an unfinished one when its end comes", async () => {
  await writeFile(path, "old\n");
  await follow();
  await appendFile(path, "one\ntwo\nthr");
  await expect.poll(() => lines).toEqual(["one", "two"]);
  await appendFile(path, "ee\n");
  await expect.poll(() => lines).toEqual(["one", "two", "three"]);
});

test("[I8] waits for a file that is not there yet, and reads it from its start", async () => {
  await follow();
  await writeFile(path, "first\n");
  await expect.poll(() => lines).toEqual(["first"]);
});

test("[I8] follows the name through rotation, and misses nothing of either file", async () => {
  await writeFile(path, "");
  await follow();
  await appendFile(path, "a1\na2");
  await rename(path, `${path}.1`);
  await appendFile(`${path}.1`, " late\n");
  await writeFile(path, "b1\n");
  await expect.poll(() => lines).toEqual(["a1", "a2 late", "b1"]);
  await appendFile(path, "b2\n");
  await expect.poll(() => lines).toEqual(["a1", "a2 late", "b1", "b2"]);
});

test("[I8] starts again after truncation", async () => {
  await writeFile(path, "");
  await follow();
  await appendFile(path, "before\n");
  await expect.poll(() => lines).toEqual(["before"]);
  await truncate(path);
  await looks(4);
  await appendFile(path, "after\n");
  await expect.poll(() => lines).toEqual(["before", "after"]);
});

test("[I8] goes on through a time without the file", async () => {
  await writeFile(path, "");
  await follow();
  await appendFile(path, "a\n");
  await rm(path);
  await looks(4);
  await writeFile(path, "b\n");
  await expect.poll(() => lines).toEqual(["a", "b"]);
});

test("[I8] reads more than fits its buffer", async () => {
  await writeFile(path, "");
  await follow();
  const text = Array.from({ length: 20_000 }, (_, i) => `line ${i}\n`).join("");
  await appendFile(path, text);
  await expect.poll(() => lines.length).toBe(20_000);
  expect(lines.at(-1)).toBe("line 19999");
});

test("[I8] told to stop, it first reads what was added since it last looked", async () => {
  await writeFile(path, "");
  await follow(60_000);
  await appendFile(path, "last words\n");
  stop.abort();
  await following;
  expect(lines).toEqual(["last words"]);
});

test("[I8] what may not be read is an error, not an absence", async () => {
  await expect(followFile(folder, { signal: stop.signal }).next()).rejects.toThrow("EISDIR");
});
