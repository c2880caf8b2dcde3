import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Event } from "../../protocol/event.ts";
import { at, define, Feed, PARTITIONS, START_MS } from "../../test/helpers/window-feed.ts";
import { MemoryBudget } from "./memory-budget.ts";
import { OTHER_GROUP } from "./group-key.ts";
import type { PanePartial } from "./partials.ts";
import { SlidingWindows } from "./sliding-windows.ts";
import { TumblingWindows } from "./tumbling-windows.ts";
import { compileMetric } from "./compiled-metric.ts";

const inGroup = (g: string, offsetMs: number, value = 1): Event => at(offsetMs, { g }, { value });

describe("[W5] beyond maxGroups", () => {
  it("[W5] a tumbling window names its first groups, the rest is __other__", () => {
    const feed = new Feed(define({ groupBy: ["g"], maxGroups: 2 }));
    feed.range(
      0,
      ["a", "b", "c", "a", "d", "c"].map((g) => inGroup(g, 100)),
      START_MS + 100,
    );
    expect(feed.byGroup()).toEqual({ a: [[1_000, 2]], b: [[1_000, 1]], [OTHER_GROUP]: [[1_000, 3]] });
    expect(feed.windows.counts.folded).toBe(2);
  });

  it("[W5] each window has room for groups of its own", () => {
    const feed = new Feed(define({ groupBy: ["g"], maxGroups: 1 }));
    feed.range(0, [inGroup("a", 100), inGroup("b", 1_100), inGroup("b", 1_200)], START_MS + 1_200);
    expect(feed.byGroup()).toEqual({ a: [[1_000, 1]], b: [[2_000, 2]] });
  });

  it("[W5] a sliding window over panes of different groups names those that came first", () => {
    const window = { type: "sliding", size: "3s", every: "1s" };
    const feed = new Feed(define({ window, groupBy: ["g"], maxGroups: 2 }));
    feed.range(0, [inGroup("a", 100), inGroup("b", 1_100), inGroup("c", 2_100)], START_MS + 2_100);
    expect(feed.byGroup()).toEqual({
      a: [
        [1_000, 1],
        [2_000, 1],
        [3_000, 1],
      ],
      b: [
        [2_000, 1],
        [3_000, 1],
      ],
      [OTHER_GROUP]: [[3_000, 1]],
    });
  });

  it("[W5] a group that came first takes the place of one that came later, which is told as gone", () => {
    const window = { type: "sliding", size: "3s", every: "1s" };
    const feed = new Feed(define({ window, groupBy: ["g"], maxGroups: 2, lateness: "1m" }));
    feed.windows.retell();
    feed.range(0, [inGroup("a", 100)], START_MS + 100);
    feed.range(0, [inGroup("b", 4_100), inGroup("c", 4_200, 5)], START_MS + 4_200);
    feed.windows.changes();
    // Late for the window that ends at 5 s, and known since before b and c.
    feed.range(1, [inGroup("a", 4_050)], START_MS + 4_300);
    const told = Object.fromEntries(feed.windows.changes().map(({ group, t, v }) => [group["g"], [t, v]]));
    expect(told["c"]).toEqual([[START_MS + 5_000], [null]]);
    expect(told["a"]).toEqual([[START_MS + 5_000], [1]]);
    expect(told[OTHER_GROUP]).toEqual([[START_MS + 5_000], [1]]);
  });

  const events = fc.array(
    fc.record({
      partition: fc.nat(PARTITIONS - 1),
      passedMs: fc.nat(800),
      agoMs: fc.nat(4_000),
      group: fc.nat(8),
      value: fc.nat(9),
      restart: fc.boolean(),
    }),
    { minLength: 1, maxLength: 60 },
  );
  const windows = fc.constantFrom(
    { type: "tumbling", size: "1s" },
    { type: "sliding", size: "3s", every: "1s" },
    { type: "sliding", size: "5s", every: "2s" },
  );

  it("[W5] named groups are exact, nothing is lost, and no window folds without need", () => {
    fc.assert(
      fc.property(windows, fc.integer({ min: 1, max: 9 }), events, (window, maxGroups, arrivals) => {
        const defined = define({ window, groupBy: ["g"], maxGroups, aggregate: "sum(value)" });
        const feed = new Feed(defined);
        const { sizeMs, everyMs } = defined.metric.window;
        const exact = new Map<number, Map<string, number>>();
        let nowMs = START_MS;
        for (const { partition, passedMs, agoMs, group, value, restart } of arrivals) {
          nowMs += passedMs;
          const event = inGroup(`g${group}`, nowMs - agoMs - START_MS, value);
          feed.range(partition, [event], nowMs);
          if (restart) feed.restart();
          const first = Math.floor(event.ts / everyMs) * everyMs + everyMs;
          for (let end = first; end - sizeMs <= event.ts; end += everyMs) {
            const window = exact.get(end) ?? new Map<string, number>();
            exact.set(end, window.set(`g${group}`, (window.get(`g${group}`) ?? 0) + value));
          }
        }
        feed.idle(nowMs + 60_000);
        feed.restart();
        const sealed = new Map<number, Map<string, number>>();
        for (const [end, key, value] of feed.sealed) {
          const window = sealed.get(end) ?? new Map<string, number>();
          sealed.set(end, window.set(key, Number(value)));
        }
        expect([...sealed.keys()].sort()).toEqual([...exact.keys()].sort());
        for (const [end, wanted] of exact) {
          const window = sealed.get(end) ?? new Map<string, number>();
          const named = [...window].filter(([key]) => key !== OTHER_GROUP);
          for (const [key, value] of named) expect(value, `${end} ${key}`).toBe(wanted.get(key));
          expect(sum(window.values())).toBe(sum(wanted.values()));
          expect(named.length).toBe(Math.min(maxGroups, wanted.size));
        }
        const overfull = [...exact.values()].some(({ size }) => size > maxGroups);
        expect(feed.windows.counts.folded > 0).toBe(overfull);
      }),
      { numRuns: 400 },
    );
  });
});

describe("[W5] memory", () => {
  it("[W5] a full object folds groups that are new to a pane, and sums stay exact", () => {
    const compiled = compileMetric(define({ groupBy: ["g"], maxGroups: 10_000 }));
    const budget = new MemoryBudget(1_000);
    const windows = new TumblingWindows(compiled, budget);
    const keys = Array.from({ length: 100 }, (_, i) => `g${i}`);
    const panes: PanePartial[] = [[START_MS, 200, keys, keys.map(() => 2)]];
    windows.apply({ name: "m", revision: 1, skipped: 0, panes }, () => undefined);
    const window = windows.at(START_MS + 1_000);
    expect(window.size).toBeLessThan(12);
    expect(sum(Array.from(window.values(), (count) => Number(count.result(1_000))))).toBe(200);
    windows.release();
    expect(budget.usedBytes).toBe(0);
  });

  it.each([
    [{ type: "tumbling", size: "1s" } as const, TumblingWindows],
    [{ type: "sliding", size: "1s", every: "1s" } as const, SlidingWindows],
  ])("[W5] what a full object holds is put back as it was: %j", (window, Kind) => {
    const compiled = compileMetric(define({ window, groupBy: ["g"], maxGroups: 1_000 }));
    const keys = Array.from({ length: 20 }, (_, i) => `g${i}`);
    const whole = new Kind(compiled, new MemoryBudget(Number.POSITIVE_INFINITY));
    const panes: PanePartial[] = [[START_MS, 20, keys, keys.map(() => 1)]];
    whole.apply({ name: "m", revision: 1, skipped: 0, panes }, () => undefined);
    const encoded = whole.encode();
    expect(new Kind(compiled, new MemoryBudget(0), encoded).encode()).toEqual(encoded);
  });

  it.each([
    [{ type: "tumbling", size: "1s" } as const, TumblingWindows],
    [{ type: "sliding", size: "1s", every: "1s" } as const, SlidingWindows],
  ])("[W5] a full object keeps a metric without groups one series: %j", (window, Kind) => {
    const windows = new Kind(compileMetric(define({ window })), new MemoryBudget(0));
    const panes: PanePartial[] = [[START_MS, 2, [""], [2]]];
    const partial = { name: "m", revision: 1, skipped: 0, panes };
    expect(windows.apply(partial, () => undefined).folded).toBe(0);
    windows.show(START_MS + 1_000, START_MS, () => undefined);
    expect([...windows.at(START_MS + 1_000)].map(([key, count]) => [key, count.result(1_000)])).toEqual([
      ["", 2],
    ]);
  });

  it.each([
    [{ type: "tumbling", size: "1s" }],
    [{ type: "sliding", size: "5s", every: "1s" }],
    [{ type: "session", gap: "1s", every: "1s" }],
  ])("[W5] what %j takes is given back when it is sealed", (window) => {
    const feed = new Feed(define({ window, groupBy: ["g"], maxGroups: 3 }));
    for (let i = 0; i < 200; i++) {
      const event = { ...inGroup(`g${i % 7}`, i * 50), user: `u${i % 5}` };
      feed.range(i % PARTITIONS, [event], START_MS + i * 50);
    }
    expect(feed.set.bytes).toBeGreaterThan(0);
    const before = feed.set.bytes;
    feed.restart();
    expect(feed.set.bytes).toBe(before);
    feed.idle(START_MS + 60_000);
    expect(feed.set.bytes).toBe(0);
  });
});

function sum(values: Iterable<number>): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}
