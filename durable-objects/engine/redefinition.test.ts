import { describe, expect, it } from "vitest";
import { at, define, Feed, START_MS } from "../../test/helpers/window-feed.ts";
import { metricsOf, placementsOf } from "./placement.ts";
import { RangeFolder } from "./range-folder.ts";
import { compileMetric } from "./compiled-metric.ts";

describe("[M1] a definition that changes while events flow", () => {
  it("[M1] with another delay or lateness goes on with the windows there are", () => {
    const feed = new Feed(define({}));
    feed.range(0, [at(100)], START_MS + 100);
    feed.defined = define({ delay: "9s", lateness: "1s" });
    expect(feed.set.define([feed.defined])).toEqual([]);
    feed.range(0, [at(200)], START_MS + 200);
    expect(feed.states()).toEqual([[1_000, 2, 0]]);
    expect(feed.set.watermarkOf(feed.windows.compiled)).toBe(-1 - 9_000);
  });

  it.each([
    { type: "tumbling", size: "1s" },
    { type: "sliding", size: "2s", every: "1s" },
  ])(
    "[M1] with a lateness that leaves room for more groups names more from then on, as after a restart: $type",
    (window) => {
      const feed = new Feed(define({ window, groupBy: ["g"], lateness: "1d" }));
      const groups = (offsetMs: number) => ["a", "b", "c", "d", "e"].map((g) => at(offsetMs, { g }));
      const named = (offsetMs: number) =>
        feed.series().filter(({ t }) => t.includes(START_MS + offsetMs)).length;
      feed.range(0, groups(100), START_MS + 100);
      expect(named(1_000)).toBeLessThan(5);
      feed.defined = define({ window, groupBy: ["g"], lateness: "1m" });
      expect(feed.set.define([feed.defined])).toEqual([]);
      feed.range(0, groups(5_100), START_MS + 5_100);
      expect(named(6_000)).toBe(5);
      const before = feed.series();
      feed.restart();
      expect(feed.series()).toEqual(before);
    },
  );

  it("[M1] with another meaning ends cleanly and begins anew at a known offset", () => {
    const feed = new Feed(define({}));
    feed.range(0, [at(100)], START_MS + 100);
    feed.range(1, [at(1_200)], START_MS + 1_200);
    feed.windows.retell();
    feed.windows.changes();
    feed.defined = define({ aggregate: "sum(value)" }, 2);
    const [ended] = feed.set.define([feed.defined]);
    expect(ended?.changes().flatMap(({ t, v, s }) => [t, v, s])).toEqual([
      [START_MS + 1_000, START_MS + 2_000],
      [1, 1],
      [3, 3],
    ]);
    expect(feed.windows.start.since).toEqual([1, 1, 0]);
    feed.range(0, [at(300)], START_MS + 1_300);
    expect(feed.states()).toEqual([[1_000, 1, 0]]);
    feed.restart();
    expect(feed.windows.start.since).toEqual([1, 1, 0]);
  });

  it("[M1] deleted, it gives its memory back", () => {
    for (const type of ["tumbling", "sliding"]) {
      const window = { type, size: "2s", ...(type === "sliding" ? { every: "1s" } : {}) };
      const feed = new Feed(define({ window }));
      feed.range(0, [at(100)], START_MS + 100);
      expect(feed.set.bytes).toBeGreaterThan(0);
      feed.set.define([]);
      expect(feed.set.bytes).toBe(0);
    }
  });
});

describe("[W5] a metric split over several window objects", () => {
  const split = define({ groupBy: ["g"], shards: 3 });

  it("[W5] has an object for each share, and one for all metrics that fit in one", () => {
    const whole = { ...define({}), metric: { ...define({}).metric, name: "whole" } };
    expect(placementsOf("p", [split, whole]).map(({ name }) => name)).toEqual([
      "p",
      "p/m/0.3",
      "p/m/1.3",
      "p/m/2.3",
    ]);
    expect(metricsOf("p", [split, whole])).toEqual([whole]);
    expect(metricsOf("p/m/1.3", [split, whole])).toEqual([split]);
    expect(metricsOf("p/m/1.2", [split, whole])).toEqual([]);
    expect(placementsOf("p", [split]).map(({ name }) => name)).not.toContain("p");
  });

  it("[W5] gives each group to exactly one of them", () => {
    const events = Array.from({ length: 300 }, (_, i) => at(0, { g: `g${i % 100}` }));
    const keys = [0, 1, 2].map((index) => {
      const folder = new RangeFolder([compileMetric(split)], { index, of: 3 });
      for (const event of events) folder.add(event);
      const [, , keys, states] = folder.finish().metrics[0]?.panes?.[0] ?? [0, 0, [], []];
      return keys.map((key, i) => `${key}:${String(states[i])}`);
    });
    const all = keys.flat().sort();
    expect(all).toEqual(Array.from({ length: 100 }, (_, i) => `g${i}:3`).sort());
    for (const share of keys) expect(share.length).toBeGreaterThan(15);
  });
});
