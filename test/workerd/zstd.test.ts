import { zstdCompressSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { frameLength } from "../../durable-objects/archive/zstd-frame.ts";
import { decompress, ZSTD } from "../../durable-objects/archive/zstd.ts";

const RANDOM_AT_ONCE = 65_536;
const SIZES = [0, 1, 40_000, 41_000, 42_000, 65_536, 131_071, 131_073, 300_000, 3_000_000];

function random(size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  for (let at = 0; at < size; at += RANDOM_AT_ONCE)
    crypto.getRandomValues(bytes.subarray(at, at + RANDOM_AT_ONCE));
  return bytes;
}

/** Compresses to somewhat more than half. */
function letters(size: number): Uint8Array {
  return random(size).map((byte) => 97 + (byte % 20));
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

describe("[C1] Zstandard in the runtime that archives", () => {
  it.each(SIZES)("[C1] gives back %i bytes, however little they can be compressed", (size) => {
    for (const text of [new Uint8Array(size), letters(size), random(size)]) {
      const packed = ZSTD.compress(text);
      expect(packed.length).toBeLessThan(size * 1.01 + 100);
      expect(isSame(decompress(packed), text)).toBe(true);
    }
  });

  it("[C1] gives back what comes out as just so much as the runtime can make at once", () => {
    for (let size = 40_000; size < 42_000; size += 7) {
      const text = random(size);
      expect(isSame(decompress(ZSTD.compress(text)), text), `${size} bytes`).toBe(true);
    }
  });

  it("[C1] refuses what is no frame, or not a whole one", () => {
    const frame = zstdCompressSync(letters(5_000));
    expect(frameLength(frame, 0)).toBe(frame.length);
    expect(() => frameLength(new Uint8Array(20), 0)).toThrow("no Zstandard frame begins at byte 0");
    for (const length of [1, 4, 5, 8, 100, frame.length - 1]) {
      expect(() => decompress(frame.subarray(0, length)), `${length} bytes`).toThrow(RangeError);
    }
  });
});
