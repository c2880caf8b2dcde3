import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BatchIdMemory, batchIdentity, decodeHashes, encodeHashes } from "./batch-id-memory.ts";

const HOUR_MS = 3_600_000;

describe("[I3] the memory of batches", () => {
  it("[I3] remembers every id for its window, ten thousand at once", () => {
    const memory = new BatchIdMemory(HOUR_MS);
    const ids = Array.from({ length: 10_000 }, (_, i) => batchIdentity("p", `batch-${i}`));
    for (const [i, id] of ids.entries()) expect(memory.remember(id, i)).toBe(false);
    for (const id of ids) expect(memory.remember(id, HOUR_MS - 1)).toBe(true);
  });

  it("[I3] remembers for at least the window and at most twice that", () => {
    fc.assert(
      fc.property(fc.nat(10 * HOUR_MS), fc.nat(3 * HOUR_MS), (firstMs, laterMs) => {
        const memory = new BatchIdMemory(HOUR_MS);
        memory.remember(batchIdentity("p", "a"), firstMs);
        memory.remember(batchIdentity("p", "other"), firstMs + laterMs);
        const known = memory.has(batchIdentity("p", "a"));
        if (laterMs <= HOUR_MS) expect(known).toBe(true);
        if (laterMs >= 2 * HOUR_MS) expect(known).toBe(false);
      }),
    );
  });

  it("[I3] knows the id whose hash is zero", () => {
    const memory = new BatchIdMemory(HOUR_MS);
    expect(memory.remember([0, 0], 0)).toBe(false);
    expect(memory.has([0, 0])).toBe(true);
  });

  it("[I3] gives the same hashes back from bytes", () => {
    const hashes = ["a", "b", "c"].map((id) => batchIdentity("p", id));
    const bytes = encodeHashes(hashes);
    expect(decodeHashes(bytes.slice().buffer)).toEqual(hashes);
  });
});
