import { describe, expect, it } from "vitest";
import { LIMITS } from "../../protocol/limits.ts";
import { BATCHER_POLICY, shouldFlush } from "./flush-policy.ts";

const POLICY = { maxCount: 3, maxBytes: 100, lingerMs: 4 };

describe("[I2] when batches go to the log", () => {
  it.each<[string, [count: number, bytes: number, oldestMs: number, nowMs: number], boolean]>([
    ["nothing, however late", [0, 0, 0, 1e9], false],
    ["few, small and young", [2, 99, 10, 13], false],
    ["as many as may be", [3, 0, 10, 10], true],
    ["as large as may be", [1, 100, 10, 10], true],
    ["as old as may be", [1, 1, 10, 14], true],
    ["young by a clock that was set back", [1, 1, 10, 5], false],
  ])("[I2] %s", (_, [count, bytes, oldestMs, nowMs], goes) => {
    expect(shouldFlush(POLICY, count, bytes, oldestMs, nowMs)).toBe(goes);
  });

  it("[I2] one record of the largest size fills a flush", () => {
    expect(shouldFlush(BATCHER_POLICY, 1, LIMITS.recordBytes, 0, 0)).toBe(true);
  });
});
