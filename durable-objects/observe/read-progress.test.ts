import { describe, expect, it } from "vitest";
import { ReadProgress } from "./read-progress.ts";

describe("[U9] when a reader had got how far", () => {
  it("[U9] is told to a quarter of a second, and not before it was noted", () => {
    const progress = new ReadProgress();
    progress.note(10, 1_000);
    progress.note(20, 2_000);
    progress.note(30, 3_000);
    expect([15, 25].map((offset) => progress.passed(offset))).toEqual([2_000, 3_000]);
    expect(progress.passed(30)).toBeUndefined();
    expect(progress.passed(5)).toBeUndefined();
  });

  it("[U9] never says a time before the offset was passed, and is late by the distance of two notes at most", () => {
    const progress = new ReadProgress();
    for (let i = 1; i <= 5_000; i++) progress.note(i, i * 10);
    for (let offset = 1; offset < 5_000; offset++) {
      const byMs = progress.passed(offset);
      if (byMs === undefined) continue;
      const passedMs = (offset + 1) * 10;
      expect(byMs).toBeGreaterThanOrEqual(passedMs);
      expect(byMs - passedMs).toBeLessThanOrEqual(260);
    }
    expect(progress.passed(4_000)).toBeDefined();
  });

  it("[U9] forgets the oldest and holds no more than it may", () => {
    const progress = new ReadProgress();
    for (let i = 1; i <= 3_000; i++) progress.note(i, i * 1_000);
    expect(progress.passed(1_000)).toBeUndefined();
    expect(progress.passed(2_500)).toBe(2_501_000);
  });
});
