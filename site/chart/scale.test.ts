import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { niceScale } from "./scale.ts";

describe("niceScale", () => {
  it("[U1] ends at round numbers and holds zero", () => {
    expect(niceScale(12, 93, 4, 10)).toEqual({ min: 0, max: 100, ticks: [0, 50, 100] });
    expect(niceScale(-30, 60, 4, 10)).toMatchObject({ min: -50, max: 75 });
    expect(niceScale(0, 0, 4, 10)).toEqual({ min: 0, max: 1, ticks: [0, 1] });
  });

  it("[U1] counts bytes in powers of two", () => {
    expect(niceScale(0, 12 * 2 ** 30, 4, 1024).ticks.map((tick) => tick / 2 ** 30)).toEqual([0, 4, 8, 12]);
  });

  it.each([
    [0, Number.MAX_VALUE],
    [-Number.MAX_VALUE, 0],
    [-Number.MAX_VALUE, Number.MAX_VALUE],
    [0, 1.7e308],
    [-3e307, 1e308],
    [0, 1e-300],
    [0, 5e-324],
    [-5e-324, 5e-324],
  ])("[U1] is finite from %s to %s, as the largest and the smallest numbers are", (low, high) => {
    for (const base of [10, 1024] as const) {
      const { min, max, ticks } = niceScale(low, high, 4, base);
      // What a chart divides by.
      expect(max - min).toBeGreaterThan(0);
      expect(max - min).toBeLessThan(Number.POSITIVE_INFINITY);
      expect(min).toBeLessThanOrEqual(low / 3);
      expect(max).toBeGreaterThanOrEqual(high / 3);
      if ((low === 0 || high === 0) && max > 1e-300) expect([min <= low, max >= high]).toEqual([true, true]);
      expect(ticks.every(Number.isFinite)).toBe(true);
      expect(ticks.length).toBeGreaterThan(1);
      expect(ticks.length).toBeLessThan(8);
    }
  });

  it("[U1] holds every value and a handful of ticks, whatever the data", () => {
    const value = fc
      .double({ min: -1e15, max: 1e15, noNaN: true })
      .filter((v) => v === 0 || Math.abs(v) > 1e-9);
    fc.assert(
      fc.property(
        value,
        value,
        fc.integer({ min: 2, max: 9 }),
        fc.constantFrom(10, 1024),
        (a, b, wanted, base) => {
          const [low, high] = [Math.min(a, b), Math.max(a, b)];
          const { min, max, ticks } = niceScale(low, high, wanted, base as 10 | 1024);
          expect(min).toBeLessThanOrEqual(Math.min(0, low));
          expect(max).toBeGreaterThanOrEqual(Math.max(0, high));
          expect(ticks.length).toBeLessThanOrEqual(wanted + 2);
          expect(ticks).toContain(0);
        },
      ),
    );
  });
});
