import { zstdCompressSync, zstdDecompressSync } from "node:zlib";

/** The runtime's own Zstandard, level 3: docs/decisions/004-archive.md has what was measured. */
export function compress(bytes: Uint8Array): Uint8Array {
  return zstdCompressSync(bytes);
}

export function decompress(bytes: Uint8Array): Uint8Array {
  return zstdDecompressSync(bytes);
}
