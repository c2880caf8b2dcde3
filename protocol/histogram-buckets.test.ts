import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  bucketLabel,
  bucketOf,
  FIRST_BUCKET,
  labelledBucket,
  LAST_BUCKET,
  lowerBound,
  STEPS_PER_DECADE,
  upperBound,
} from "./histogram-buckets.ts";

const ALL = Array.from({ length: LAST_BUCKET - FIRST_BUCKET + 1 }, (_, i) => FIRST_BUCKET + i);
const doubles = fc
  .oneof(
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.double({ min: -1e16, max: 1e16, noNaN: true }),
    fc.double({ min: -2e-9, max: 2e-9, noNaN: true }),
    // Bounds, and the doubles next to them.
    fc.constantFrom(...ALL).chain((bucket) => {
      const bound = upperBound(bucket);
      return fc.constantFrom(bound, bound * (1 + 2 ** -52), bound * (1 - 2 ** -53));
    }),
  )
  .filter(Number.isFinite);

describe("[M2] the buckets of histograms", () => {
  it("[M2] are a line without gaps, in the order of their numbers", () => {
    expect(ALL.length).toBe(964);
    expect(lowerBound(FIRST_BUCKET)).toBe(-Infinity);
    expect(upperBound(LAST_BUCKET)).toBe(Infinity);
    for (const bucket of ALL) {
      expect(upperBound(bucket)).toBeGreaterThan(lowerBound(bucket));
      expect(lowerBound(bucket)).toBe(bucket === FIRST_BUCKET ? -Infinity : upperBound(bucket - 1));
    }
  });

  it("[M2] each value is in the one whose bounds are around it", () => {
    fc.assert(
      fc.property(doubles, (value) => {
        const bucket = bucketOf(value);
        expect(Object.is(bucket, -0)).toBe(false);
        expect(value).toBeGreaterThan(lowerBound(bucket));
        expect(value).toBeLessThanOrEqual(upperBound(bucket));
      }),
      { numRuns: 5_000 },
    );
  });

  it("[M2] are a seventh wide at most, and twenty a decade", () => {
    for (let bucket = 2; bucket < LAST_BUCKET; bucket++) {
      expect(upperBound(bucket) / lowerBound(bucket)).toBeLessThan(1.143);
    }
    expect(bucketOf(1_000) - bucketOf(100)).toBe(STEPS_PER_DECADE);
  });

  it("[M2] are named by their upper bounds, each by another", () => {
    const labels = ALL.map((bucket) => bucketLabel(bucket));
    expect(new Set(labels).size).toBe(ALL.length);
    expect(labels.map((label) => labelledBucket(label))).toEqual(ALL);
    expect(Math.max(...labels.map(({ length }) => length))).toBeLessThanOrEqual(17);
    expect([0.5, 0.47, 100, 101, 0, -1, -1.1, 1e15, 2e15, -1e300, 1e-12].map(labelOf)).toEqual([
      "0.5",
      "0.5",
      "100",
      "112",
      "0",
      "-1",
      "-1",
      "1000000000000000",
      "+Inf",
      "-1000000000000000",
      "1e-9",
    ]);
  });

  it.each(["", "0.51", "1.0", "x", "NaN", "Infinity", "-Inf", "1e3", "-0"])(
    "[M2] none is named %j",
    (label) => {
      expect(labelledBucket(label)).toBeUndefined();
    },
  );
});

function labelOf(value: number): string {
  return bucketLabel(bucketOf(value));
}
