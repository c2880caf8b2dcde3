import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bucketOf, FIRST_BUCKET, LAST_BUCKET, upperBound } from "../../protocol/histogram-buckets.ts";
import { placeOf, reachOf, rowBounds, rowOf, valueRows } from "./value-rows.ts";
import { intervalText, rowTicks } from "./value-ticks.ts";

const bucket = fc.integer({ min: FIRST_BUCKET, max: LAST_BUCKET });
const buckets = fc.array(bucket, { minLength: 1, maxLength: 20 });
const UNITS = [
  "short",
  "percent",
  "bytes",
  "bytes/s",
  "bits/s",
  "ms",
  "s",
  "per_second",
  "usd",
  "eur",
] as const;

function axisOf(values: readonly number[], mostRows: number) {
  return valueRows(reachOf(values.map((value) => bucketOf(value))), mostRows);
}

describe("[U1] the rows of a distribution", () => {
  it("[U1] of whatever buckets are few, ascending, without holes, and have each bucket in one of them", () => {
    fc.assert(
      fc.property(buckets, fc.integer({ min: 50, max: 200 }), (found, mostRows) => {
        const { rows, step } = valueRows(reachOf(found), mostRows);
        expect(rows.length).toBeLessThanOrEqual(mostRows);
        for (const one of found) {
          expect(rows).toContain(rowOf(one, step));
          const { lower, upper } = rowBounds(rowOf(one, step), step);
          expect(upperBound(one)).toBeLessThanOrEqual(upper);
          expect(upperBound(one - 1)).toBeGreaterThanOrEqual(lower);
        }
        for (const [i, row] of rows.entries()) {
          const next = rows[i + 1];
          if (next !== undefined && row !== 0 && next !== 0) {
            expect(rowBounds(next, step).lower).toBe(rowBounds(row, step).upper);
          }
        }
      }),
    );
  });

  it("[U1] between two values are there, also where nothing is in them", () => {
    const axis = axisOf([12, 900], 200);
    expect(axis.step).toBe(1);
    const tens = [10, 11.2, 12.5, 14, 16, 18, 20, 22.4, 25, 28, 31.5, 35.5, 40, 45, 50, 56, 63, 71, 80, 90];
    expect(axis.rows.map((row) => rowBounds(row, 1).upper)).toEqual([
      ...tens.slice(2),
      ...tens.map((bound) => bound * 10),
    ]);
    const coarse = axisOf([12, 900], 12);
    expect(coarse.rows.map((row) => rowBounds(row, coarse.step).upper)).toEqual([
      16, 25, 40, 63, 100, 160, 250, 400, 630, 1_000,
    ]);
    expect(axisOf([12, 900], 1).rows.length).toBe(2);
  });

  it("[U1] have zero below the least, and between the signs, without all that is nearly zero", () => {
    const bounds = (values: number[]) => {
      const { rows, step } = axisOf(values, 100);
      return rows.map((row) => rowBounds(row, step).upper);
    };
    expect(bounds([0, 5, 5.5])).toEqual([0, 5, 5.6]);
    expect(bounds([-5, 5])).toEqual([-5, 0, 5]);
    expect(bounds([-6, -5])).toEqual([-5.6, -5]);
    expect(bounds([0])).toEqual([0]);
  });

  it("[U1] stay when a rare value goes, until they are far too many", () => {
    const [wide, narrow, far] = [
      axisOf([10, 100], 100),
      reachOf([bucketOf(12), bucketOf(100)]),
      reachOf([bucketOf(90), bucketOf(100)]),
    ];
    expect(valueRows(narrow, 100, wide).rows).toEqual(wide.rows);
    expect(valueRows(far, 100, wide).rows.length).toBe(2);
    expect(valueRows(reachOf([bucketOf(5)]), 100, wide).rows.length).toBe(1);
  });
});

describe("[U1] the axis of a distribution", () => {
  const texts = (values: number[], unit: (typeof UNITS)[number], mostRows = 60, apart = 3) =>
    rowTicks(axisOf(values, mostRows), unit, apart).map(({ text }) => text);

  it("[U1] is marked at round values of its unit", () => {
    expect(texts([12, 900], "ms")).toEqual(["20 ms", "50 ms", "100 ms", "200 ms", "500 ms"]);
    expect(texts([0.5, 200_000], "ms")).toEqual(["1 ms", "10 ms", "100 ms", "1 s", "10 s", "1 min"]);
    expect(texts([0.02, 7_200], "s", 60, 6)).toEqual(["100 ms", "1 s", "10 s", "1 min", "10 min", "1 h"]);
    expect(texts([300, 3e6], "bytes", 60, 7)).toEqual(["1 KiB", "32 KiB", "1 MiB"]);
    expect(texts([0, 1, 30], "short")).toEqual(["0", "2", "5", "10", "20"]);
    expect(texts([-200, -10, 0, 10, 200], "short", 60, 7)).toEqual(["-100", "0", "100"]);
    expect(texts([1e-12, 1e18], "short", 60, 6)).toEqual([
      "1e-9",
      "0.000001",
      "0.001",
      "1",
      "1k",
      "1M",
      "1G",
      "1T",
      "1e15",
    ]);
    // Of a short one each bound is named.
    expect(texts([101, 130], "ms", 60, 1)).toEqual(["100 ms", "112 ms", "125 ms", "140 ms"]);
  });

  it("[U1] of whatever values has marks inside, ascending and apart, with room for each", () => {
    const value = fc.oneof(fc.double({ min: -1e6, max: 1e6, noNaN: true }), fc.double({ noNaN: true }));
    fc.assert(
      fc.property(
        fc.array(value.filter(Number.isFinite), { minLength: 1, maxLength: 10 }),
        fc.constantFrom(...UNITS),
        fc.double({ min: 0.5, max: 10, noNaN: true }),
        (values, unit, apart) => {
          const axis = axisOf(values, 60);
          const ticks = rowTicks(axis, unit, apart);
          for (const [i, { at, text }] of ticks.entries()) {
            expect(at).toBeGreaterThanOrEqual(0);
            expect(at).toBeLessThanOrEqual(axis.rows.length);
            expect(text).not.toMatch(/NaN|Infinity|–$/);
            if (i > 0) expect(at - (ticks[i - 1]?.at ?? 0)).toBeGreaterThanOrEqual(apart);
          }
        },
      ),
    );
  });

  it("[U1] has a value where its row begins and ends, and between them by its logarithm", () => {
    const axis = axisOf([1, 1_000], 20);
    expect(placeOf(1_000, axis)).toBe(axis.rows.length);
    expect(placeOf(5_000, axis)).toBeUndefined();
    expect(placeOf(0, axis)).toBeUndefined();
    const [low = 0, high = 0] = [placeOf(10, axis), placeOf(100, axis)];
    expect(placeOf(Math.sqrt(1_000), axis)).toBeCloseTo((low + high) / 2, 1);
  });

  it.each([
    [520, "ms", "500–560 ms"],
    [950, "ms", "900 ms–1 s"],
    [0.6, "s", "560–630 ms"],
    [0, "s", "0"],
    [-5.2, "ms", "-5.6 to -5 ms"],
    [1.2, "usd", "$1.12–$1.25"],
    [11.5, "percent", "11.2–12.5%"],
    [1_500, "short", "1.4–1.6k"],
    [1e-12, "short", "≤ 1e-9"],
    [1e17, "short", "> 1e15"],
    [-1e17, "short", "≤ -1e15"],
  ] as const)("[U1] names the row of %d %s: %s", (value, unit, text) => {
    expect(intervalText(rowOf(bucketOf(value), 1), 1, unit)).toBe(text);
  });
});
