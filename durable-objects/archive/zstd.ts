import { zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { frameLength } from "./zstd-frame.ts";

/** A way to compress the pages of a file. */
export interface Codec {
  name: "UNCOMPRESSED" | "SNAPPY" | "GZIP" | "ZSTD";
  compress: (bytes: Uint8Array) => Uint8Array;
}

/** The runtime's own Zstandard, level 3: docs/decisions/005-archive-files.md has what was measured. */
export const ZSTD: Codec = { name: "ZSTD", compress };

/** What usually comes out as less than workerd can make of one text: about 40 kB, else "Unexpected end of file". */
const FRAME_BYTES = 128 * 1024;
/** What always does, however little it can be compressed. */
const SAFE_BYTES = 32 * 1024;

/** A text as one frame or several in a row, which is as good (RFC 8878, section 3). */
function compress(bytes: Uint8Array): Uint8Array {
  const frames: Uint8Array[] = [];
  for (let at = 0; at < bytes.length || frames.length === 0; at += FRAME_BYTES) {
    frames.push(...framesOf(bytes.subarray(at, at + FRAME_BYTES)));
  }
  return joined(frames);
}

function framesOf(bytes: Uint8Array): Uint8Array[] {
  try {
    return [zstdCompressSync(bytes)];
  } catch (error) {
    if (bytes.length <= SAFE_BYTES) throw error;
    const half = bytes.length >> 1;
    return [...framesOf(bytes.subarray(0, half)), ...framesOf(bytes.subarray(half))];
  }
}

/** The text of all frames. The runtime's own function stops after the first. */
export function decompress(bytes: Uint8Array): Uint8Array {
  const texts: Uint8Array[] = [];
  for (let at = 0; at < bytes.length;) {
    const end = at + frameLength(bytes, at);
    texts.push(zstdDecompressSync(bytes.subarray(at, end)));
    at = end;
  }
  return joined(texts);
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const [only] = parts;
  if (parts.length === 1 && only !== undefined) return only;
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
