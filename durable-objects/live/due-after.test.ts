import { describe, expect, it } from "vitest";
import { dueAfter } from "./due-after.ts";

describe("[L5] when the next frame may go", () => {
  it("[L5] is a whole period later, at a multiple of it", () => {
    expect(dueAfter(10_300, 2)).toBe(11_000);
    expect(dueAfter(10_500, 2)).toBe(11_000);
    expect(dueAfter(7, 1e300)).toBe(8);
  });

  it("[L5] is a period after the last one was due, unless that went so late that two would come at once", () => {
    expect(dueAfter(10_502, 2, 10_500)).toBe(11_000);
    expect(dueAfter(10_740, 2, 10_500)).toBe(11_000);
    expect(dueAfter(10_800, 2, 10_500)).toBe(11_500);
  });

  it("[L5] is the next multiple, whatever doubles make of it", () => {
    for (const maxRate of [3, 3.7, 0.7, 60]) {
      const periodMs = 1_000 / maxRate;
      let dueMs = dueAfter(1_795_676_743_772, maxRate);
      for (let i = 0; i < 1_000; i++) {
        const next = dueAfter(dueMs + 1, maxRate, dueMs);
        expect(next - dueMs).toBeCloseTo(periodMs, 2);
        dueMs = next;
      }
    }
  });
});
