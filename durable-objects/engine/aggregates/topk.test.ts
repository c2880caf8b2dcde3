import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { mergedAnyhow, type Random, seededRandom, shuffled, taking, zipf } from "./adversarial-data.ts";
import type { Accumulator, Encoded, TopItem } from "./aggregate.ts";
import { topk } from "./topk.ts";

/** Counters behind a ranking of `k`. */
function countersFor(k: number): number {
  return Math.max(10 * k, 256);
}

/** Everything about an accumulator that can be seen. */
function seen(accumulator: Accumulator): unknown {
  return [accumulator.result(1_000), accumulator.encode(), accumulator.bytes];
}

function viaJson(encoded: Encoded): Encoded {
  return JSON.parse(JSON.stringify(encoded)) as Encoded;
}

/** All counters, not the first `k` alone. */
function countersOf(accumulator: Accumulator): TopItem[] {
  const flat = accumulator.encode() as (string | number)[];
  return Array.from({ length: flat.length / 3 }, (_, at) => ({
    item: String(flat[3 * at]),
    count: Number(flat[3 * at + 1]),
    error: Number(flat[3 * at + 2]),
  }));
}

function exactCounts(items: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(item, (counts.get(item) ?? 0) + 1);
  return counts;
}

function exactRanking(items: readonly string[]): TopItem[] {
  return Array.from(exactCounts(items), ([item, count]) => ({ item, count, error: 0 })).sort(byRank);
}

function byRank(a: TopItem, b: TopItem): number {
  return b.count - a.count || (a.item < b.item ? -1 : 1);
}

/** What space-saving promises of `items`, in whatever way they were taken. */
function expectBounds(k: number, accumulator: Accumulator, items: readonly string[]): void {
  const exact = exactCounts(items);
  const bound = items.length / countersFor(k);
  const counters = countersOf(accumulator);
  expect(counters.length).toBe(Math.min(exact.size, countersFor(k)));
  for (const { item, count, error } of counters) {
    const wanted = exact.get(item) ?? 0;
    expect(count).toBeGreaterThanOrEqual(wanted);
    expect(count - error).toBeLessThanOrEqual(wanted);
    expect(error).toBeLessThanOrEqual(bound);
    exact.delete(item);
  }
  const missed = Math.max(0, ...exact.values());
  expect(missed).toBeLessThanOrEqual(Math.min(bound, counters.at(-1)?.count ?? 0));
  expect(accumulator.result(1_000)).toEqual(counters.slice(0, k));
  expect(counters).toEqual(counters.toSorted(byRank));
}

const COUNT = 20_000;

/** Streams of `COUNT` items, each hard in its own way for `m` counters. */
const STREAMS: Record<string, (random: Random, m: number) => string[]> = {
  zipf: (random) => items(zipf(20_000, 1.1), random),
  "flat zipf": (random) => items(zipf(20_000, 0.6), random),
  uniform: (random) => items(() => Math.floor(random() * 5_000), random),
  "all different": () => Array.from({ length: COUNT }, (_, i) => `item-${i}`),
  "one more than there are counters, in turn": (_random, m) =>
    Array.from({ length: COUNT }, (_, i) => `item-${i % (m + 1)}`),
  "frequent ones first, then a churn of others": (random) => [
    ...items(() => Math.floor(random() * 20), random).slice(0, COUNT / 4),
    ...Array.from({ length: (COUNT * 3) / 4 }, (_, i) => `other-${i}`),
  ],
  "a churn of others first": (random) => [
    ...Array.from({ length: (COUNT * 3) / 4 }, (_, i) => `other-${i}`),
    ...items(() => Math.floor(random() * 20), random).slice(0, COUNT / 4),
  ],
  "each one again as soon as it may have been replaced": (_random, m) =>
    Array.from({ length: COUNT }, (_, i) => `item-${i % 3 === 0 ? i : i - (i % 3) - 3 * m}`),
};

function items(draw: (random: Random, index: number) => number, random: Random): string[] {
  return Array.from({ length: COUNT }, (_, i) => `item-${draw(random, i)}`);
}

describe.each(Object.keys(STREAMS))("[M2] topk of %s", (name) => {
  const stream = STREAMS[name] ?? (() => []);

  it.each([1, 10, 100])("[M2] keeps its bounds for k = %i, in order and merged anyhow", (k) => {
    const random = seededRandom(k);
    const xs = stream(random, countersFor(k));
    expectBounds(k, taking(topk(k), xs), xs);
    expectBounds(k, taking(topk(k), shuffled(xs, random)), xs);
    for (const parts of [2, 5, 40]) expectBounds(k, mergedAnyhow(topk(k), xs, parts, random), xs);
  });

  it("[M2] goes on after its state has been through JSON as if nothing had been", () => {
    const xs = stream(seededRandom(3), countersFor(10));
    const original = topk(10).create();
    let restored = topk(10).create();
    xs.forEach((x, i) => {
      original.add(x);
      if (i % 997 === 0) restored = topk(10).decode(viaJson(restored.encode()));
      restored.add(x);
    });
    expect(seen(restored)).toEqual(seen(original));
  });
});

describe("[M2] topk", () => {
  it("[M2] is exact up to as many values as it has counters, for any split, order and tree of merges", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 100 }),
        fc.integer({ min: 1, max: 8 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.integer(),
        (k, parts, part, seed) => {
          const random = seededRandom(seed);
          const values = Math.floor(part * countersFor(k));
          const xs = Array.from({ length: 1_000 }, () => `item-${Math.floor(random() * values)}`);
          const merged = mergedAnyhow(topk(k), xs, parts, random);
          expect(seen(merged)).toEqual(seen(taking(topk(k), xs)));
          expect(countersOf(merged)).toEqual(exactRanking(xs));
        },
      ),
      { numRuns: 50 },
    );
  });

  it("[M2] keeps its bounds between merges too", () => {
    const random = seededRandom(4);
    const draw = zipf(5_000, 0.8);
    const all: string[] = [];
    const sum = topk(10).create();
    for (let round = 0; round < 20; round++) {
      const [here, there] = [items(draw, random).slice(0, 600), items(draw, random).slice(0, 900)];
      for (const x of here) sum.add(x);
      all.push(...here);
      expectBounds(10, sum, all);
      sum.merge(taking(topk(10), there));
      all.push(...there);
      expectBounds(10, sum, all);
    }
  });

  it("[M2] finds what is frequent among a crowd of others", () => {
    const random = seededRandom(5);
    let others = 0;
    const draw = zipf(1_000, 1.5);
    const xs = Array.from({ length: 100_000 }, () =>
      random() < 0.7 ? `other-${others++}` : `item-${draw(random, 0)}`,
    );
    const wanted = exactRanking(xs).map(({ item }) => item);
    const found = (taking(topk(10), xs).result() ?? []).map(({ item }) => item);
    expect(found.slice(0, 5)).toEqual(wanted.slice(0, 5));
  });

  it("[M2] leaves what it merges as it was", () => {
    for (const length of [100, 5_000]) {
      const other = taking(
        topk(10),
        Array.from({ length }, (_, i) => `other-${i}`),
      );
      const before = seen(other);
      const sum = taking(topk(10), ["a", "other-3"]);
      sum.merge(other);
      for (const x of ["a", "b", "other-4", "other-5"]) sum.add(x);
      expect(seen(other)).toEqual(before);
    }
  });

  it("[M2] ranks by count, then by item, and takes numbers as their text", () => {
    const ranking = taking(topk(3), ["b", 7, "a", "7", "c", "b", "a", "d"]).result();
    expect(ranking).toEqual([
      { item: "7", count: 2, error: 0 },
      { item: "a", count: 2, error: 0 },
      { item: "b", count: 2, error: 0 },
    ]);
    expect(topk(1).create().result()).toEqual([]);
  });
});
