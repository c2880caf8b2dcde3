import { LogCollapsingLowestDenseDDSketch } from "@datadog/sketches-js";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  DISTRIBUTION_NAMES,
  DISTRIBUTIONS,
  drawn,
  mergedAnyhow,
  seededRandom,
  taking,
} from "./adversarial-data.ts";
import type { Accumulator, Encoded } from "./aggregate.ts";
import { percentile } from "./percentile.ts";

const PERCENTILES = [0, 0.1, 1, 10, 25, 50, 75, 90, 95, 99, 99.9, 100];
/** A bucket's bounds are powers of this. */
const GAMMA = 1.01 / 0.99;
const MAX_BUCKETS = 2_048;

/** Everything about an accumulator that can be seen. */
function seen(accumulator: Accumulator): unknown {
  return [accumulator.result(1_000), accumulator.encode(), accumulator.bytes];
}

function viaJson(encoded: Encoded): Encoded {
  return JSON.parse(JSON.stringify(encoded)) as Encoded;
}

/** The `p`-th percentile of what `accumulator` holds. */
function valueAt(p: number, accumulator: Accumulator): number {
  return percentile(p).decode(accumulator.encode()).result() ?? Number.NaN;
}

function ascending(xs: readonly number[]): Float64Array {
  return Float64Array.from(xs).sort();
}

function exactAt(p: number, sorted: Float64Array): number {
  return sorted[Math.floor((p / 100) * (sorted.length - 1))] ?? Number.NaN;
}

/** Within 1 % of `exact` or, where the buckets of its sign do not reach as near to zero, where the lowest of them is. */
function expectNear(value: number, exact: number, sorted: Float64Array): void {
  const greatest = exact < 0 ? -(sorted[0] ?? 0) : (sorted.at(-1) ?? 0);
  const lowest = greatest / GAMMA ** (MAX_BUCKETS - 1);
  const magnitude = Math.abs(exact);
  expect(Math.sign(value)).toBe(Math.sign(exact) + 0);
  if (magnitude > lowest) {
    expect(Math.abs(value - exact)).toBeLessThanOrEqual(magnitude * 0.01 * (1 + 1e-9));
  } else if (magnitude > 0) {
    expect(Math.abs(value)).toBeGreaterThan(lowest / GAMMA ** 2);
    expect(Math.abs(value)).toBeLessThan(lowest * GAMMA ** 2);
  }
}

describe.each(DISTRIBUTION_NAMES)("[M2] percentile of %s", (distribution) => {
  it.each([1, 2, 20, 40, 10_000])("[M2] is near the exact one of %i values", (count) => {
    const xs = drawn(distribution, count, 1);
    const accumulator = taking(percentile(50), xs);
    const sorted = ascending(xs);
    for (const p of PERCENTILES) expectNear(valueAt(p, accumulator), exactAt(p, sorted), sorted);
  });

  it("[M2] agrees with @datadog/sketches-js to the bucket", () => {
    const xs = drawn(distribution, 10_000, 2);
    const reference = new LogCollapsingLowestDenseDDSketch({ relativeAccuracy: 0.01, binLimit: MAX_BUCKETS });
    // From the greatest on: it counts values twice when it collapses time and again.
    for (const x of xs.toSorted((a, b) => Math.abs(b) - Math.abs(a))) reference.accept(x);
    const ours = taking(percentile(50), xs);
    const [zeros, positive, negative] = ours.encode() as [number, number[], number[]?];
    expect(zeros).toBe(reference.zeroCount);
    expect(bucketsOf(positive)).toEqual(bucketsOfReference(reference.store));
    expect(bucketsOf(negative ?? [])).toEqual(bucketsOfReference(reference.negativeStore));
    for (const p of PERCENTILES) {
      const wanted = reference.getValueAtQuantile(p / 100);
      expect(Math.abs(valueAt(p, ours) - wanted)).toBeLessThanOrEqual(Math.abs(wanted) * 1e-12);
    }
  });

  it("[M2] is the same for any split, order and tree of merges", () => {
    const counts = fc.oneof(fc.integer({ min: 0, max: 100 }), fc.integer({ min: 0, max: 2_000 }));
    fc.assert(
      fc.property(fc.integer(), counts, fc.integer({ min: 1, max: 8 }), (seed, count, parts) => {
        const xs = drawn(distribution, count, seed);
        const whole = taking(percentile(90), xs);
        expect(seen(mergedAnyhow(percentile(90), xs, parts, seededRandom(seed)))).toEqual(seen(whole));
      }),
      { numRuns: 30 },
    );
  });
});

/** Counts by key of what `encode` gives: the lowest key, then counts, and `-n` for `n` keys without any. */
function bucketsOf([lowest = 0, ...run]: readonly number[]): [key: number, count: number][] {
  const buckets: [number, number][] = [];
  let key = lowest;
  for (const step of run) {
    if (step > 0) buckets.push([key++, step]);
    else key -= step;
  }
  return buckets;
}

function bucketsOfReference({ bins, offset }: { bins: number[]; offset: number }): [number, number][] {
  return bins.map((count, at): [number, number] => [at + offset, count]).filter(([, count]) => count > 0);
}

describe("[M2] percentile", () => {
  const doubles = fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), { maxLength: 200 });

  it("[M2] of any doubles is the same for any split, order and tree of merges", () => {
    fc.assert(
      fc.property(doubles, fc.integer({ min: 1, max: 6 }), fc.integer(), (xs, parts, seed) => {
        const whole = taking(percentile(99), xs);
        expect(seen(mergedAnyhow(percentile(99), xs, parts, seededRandom(seed)))).toEqual(seen(whole));
      }),
    );
  });

  it("[M2] of any doubles is within 1 % of the exact one", () => {
    fc.assert(
      fc.property(doubles, fc.constantFrom(...PERCENTILES), (xs, p) => {
        fc.pre(xs.length > 0 && xs.every((x) => x === 0 || Math.abs(x) > 1e-300));
        const sorted = ascending(xs);
        expectNear(taking(percentile(p), xs).result() ?? Number.NaN, exactAt(p, sorted), sorted);
      }),
    );
  });

  it("[M2] goes on after its state has been through JSON", () => {
    fc.assert(
      fc.property(doubles, doubles, (before, after) => {
        const original = taking(percentile(50), before);
        const restored = percentile(50).decode(viaJson(original.encode()));
        expect(seen(restored)).toEqual(seen(original));
        for (const x of after) {
          original.add(x);
          restored.add(x);
        }
        expect(seen(restored)).toEqual(seen(original));
      }),
    );
  });

  it("[M2] has no negative zero in its state: JSON would not keep it", () => {
    expect(taking(percentile(50), [0.99]).encode()).toEqual([0, [0, 1]]);
    expect(taking(percentile(50), [-0.99, -0]).encode()).toEqual([1, [], [0, 1]]);
  });

  it("[M2] leaves what it merges as it was", () => {
    const other = taking(percentile(50), drawn("huge range of both signs", 500, 3));
    const before = seen(other);
    const sum = taking(percentile(50), drawn("uniform", 500, 4));
    sum.merge(other);
    sum.add(1);
    expect(seen(other)).toEqual(before);
  });

  it("[M2] takes the ends of the double range", () => {
    const greatest = Number.MAX_VALUE;
    expect(taking(percentile(0), [Infinity]).result()).toBe(taking(percentile(0), [greatest]).result());
    for (const x of [greatest, -greatest, 1e308, 1.79e308, 2.3e-308, -2.3e-308, 1e-300]) {
      const value = taking(percentile(50), [x]).result() ?? Number.NaN;
      expect(Number.isFinite(value)).toBe(true);
      expect(Math.abs(value / x - 1)).toBeLessThanOrEqual(0.01 * (1 + 1e-9));
    }
  });

  it("[M2] counts as zero what is below the smallest that has a bucket", () => {
    for (const x of [0, -0, 5e-324, -5e-324, 1e-310]) {
      expect(taking(percentile(50), [x]).result()).toBe(0);
    }
    expect(taking(percentile(100), [-1, -0, 5e-324]).result()).toBe(0);
    expect(taking(percentile(100), []).result()).toBe(null);
  });

  it("[M2] keeps the lowest of too many buckets by the greatest value alone, of both signs", () => {
    for (const sign of [1, -1]) {
      const low = Array.from({ length: 100 }, (_, i) => sign * 1e-200 * (1 + i));
      const many = Array.from({ length: 3_000 }, (_, i) => sign * GAMMA ** (i - 500));
      const before = taking(percentile(0), [...low, ...many]);
      const after = taking(percentile(0), [...many.toReversed(), ...low]);
      expect(seen(after)).toEqual(seen(before));
      const run = (before.encode() as number[][])[sign > 0 ? 1 : 2] ?? [];
      expect(bucketsOf(run)).toHaveLength(MAX_BUCKETS);
      expect(bucketsOf(run)[0]?.[1]).toBe(low.length + many.length - MAX_BUCKETS + 1);
    }
  });

  it("[M2] takes the form that its content has, however it collapsed", () => {
    const valueOf = (key: number) => GAMMA ** (key - 0.5);
    for (const lows of [40, 120]) {
      const keys = [...Array.from({ length: lows }, (_, i) => 66 + i), 2_112];
      for (let highest = 2_113; highest < 2_300; highest++) {
        const xs = [...keys, highest].map(valueOf);
        expect(seen(taking(percentile(50), xs))).toEqual(seen(taking(percentile(50), xs.toReversed())));
      }
    }
  });

  it("[M2] needs little room for few values", () => {
    const few = taking(percentile(99), drawn("lognormal", 10, 5));
    expect(JSON.stringify(few.encode()).length).toBeLessThan(80);
    expect(few.bytes).toBeLessThan(500);
    const many = taking(percentile(99), drawn("lognormal", 100_000, 6));
    expect(JSON.stringify(many.encode()).length).toBeLessThan(2_000);
    expect(many.bytes).toBeLessThan(6_000);
  });

  it("[M2] is within 1 % of the exact one of ten million values", { timeout: 60_000 }, () => {
    const random = seededRandom(7);
    const xs = Float64Array.from({ length: 10_000_000 }, () => DISTRIBUTIONS["heavy tail"](random));
    const accumulator = taking(percentile(50), xs);
    const sorted = xs.sort();
    for (const p of PERCENTILES) expectNear(valueAt(p, accumulator), exactAt(p, sorted), sorted);
  });
});
