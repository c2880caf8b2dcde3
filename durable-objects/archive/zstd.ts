import { zstdCompressSync, zstdDecompressSync } from "node:zlib";

/** A way to compress the pages of a file. */
export interface Codec {
  name: "UNCOMPRESSED" | "SNAPPY" | "GZIP" | "ZSTD";
  compress: (bytes: Uint8Array) => Uint8Array;
}

/** The runtime's own Zstandard, level 3: docs/decisions/005-archive-files.md has what was measured. */
export const ZSTD: Codec = { name: "ZSTD", compress: (bytes) => zstdCompressSync(bytes) };

export function decompress(bytes: Uint8Array): Uint8Array {
  return zstdDecompressSync(bytes);
}
