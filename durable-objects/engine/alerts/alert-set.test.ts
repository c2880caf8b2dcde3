import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseAlert } from "../../../protocol/alert.ts";
import type { Event } from "../../../protocol/event.ts";
import { parseMetric } from "../../../protocol/metric.ts";
import { parseView } from "../../../protocol/view.ts";
import { ALERTED_OPTIONS, AlertedFeed, DEFINED_MS, textOf } from "../../../test/helpers/alerted-feed.ts";
import { at, define, PARTITIONS, START_MS, throughJson } from "../../../test/helpers/window-feed.ts";
import { alertOracle } from "../../../test/oracle/alert-oracle.ts";
import { compileMetric } from "../compiled-metric.ts";
import { shardOf } from "../pane-folder.ts";
import { RangeFolder } from "../range-folder.ts";
import type { SealedPoint } from "../sealed-point.ts";
import { WindowSet } from "../window-set.ts";
import { AlertSet } from "./alert-set.ts";
import { watchedMetric } from "./metric-points.ts";

const COUNT = { aggregate: "count", window: { type: "tumbling", size: "1s" } };

const count = (n: number, offsetMs: number, props: Event["props"] = {}) =>
  Array.from({ length: n }, () => at(offsetMs, props));

/** One range on each partition, so that event time moves. */
function move(feed: AlertedFeed, offsetMs: number): void {
  for (let p = 0; p < PARTITIONS; p++)
    feed.range(p, [{ ...at(offsetMs), name: "other" }], START_MS + offsetMs);
}

describe("[A1] rules over windows", () => {
  it("[A1] look at a window when it becomes final, and a late event changes no alert", () => {
    const feed = new AlertedFeed({ delay: "0s", lateness: "10s" }, [{ condition: "> 2" }]);
    feed.range(0, count(3, 100), START_MS + 100);
    move(feed, 900);
    expect(feed.told).toEqual([]);
    move(feed, 1_000);
    expect(feed.told).toEqual(["rule0 fired  at 1000 #1 3"]);
    feed.range(1, count(2, 1_100), START_MS + 1_900);
    move(feed, 2_000);
    expect(feed.told.slice(1)).toEqual(["rule0 resolved  at 2000 #1 2"]);
    // The window at 2 s has ten events now.
    feed.range(1, count(8, 1_200), START_MS + 2_500);
    move(feed, 4_000);
    expect(feed.told).toHaveLength(2);
  });

  it("[A1] look at each group by itself, at __other__ only where it is named", () => {
    const groups = { groupBy: ["g"], maxGroups: 2, delay: "0s" };
    const feed = new AlertedFeed(groups, [
      { condition: "> 0" },
      { condition: "> 0", groups: [{ g: "b" }] },
      { condition: "> 0", groups: [{ g: "__other__" }] },
    ]);
    feed.range(0, [...count(1, 10, { g: "a" }), ...count(1, 20, { g: "b" })], START_MS + 100);
    feed.range(0, count(5, 30, { g: "c" }), START_MS + 100);
    move(feed, 1_000);
    expect(feed.told).toEqual([
      "rule0 fired a at 1000 #1 1",
      "rule0 fired b at 1000 #2 1",
      "rule1 fired b at 1000 #3 1",
      "rule2 fired __other__ at 1000 #4 5",
    ]);
  });

  it("[A1] a view is looked at as it stands when its windows become final, after a crash too", () => {
    const view = { name: "share", change: { metric: "m", ago: "1m", as: "relative" as const } };
    const feed = new AlertedFeed({ delay: "0s", lateness: "0s" }, [{ condition: "> 1" }], view);
    feed.range(0, count(2, 100), START_MS + 100);
    move(feed, 30_000);
    feed.checkpoint();
    feed.crash();
    feed.range(0, count(5, 60_100), START_MS + 60_100);
    move(feed, 61_000);
    move(feed, 62_000);
    expect(feed.told).toEqual(["rule0 fired  at 61000 #1 1.5", "rule0 resolved  at 62000 #1 null"]);
  });

  it("[A1] a ratio is looked at when both its metrics are final, though one is sealed and on disk by then", () => {
    const of = (name: string, event: string, delay: string) => {
      const parsed = parseMetric(name, { ...COUNT, event, delay, lateness: "0s" });
      if (!parsed.ok) throw new Error(parsed.message);
      return { metric: parsed.value, revision: 1 };
    };
    const both = [of("orders", "order", "0s"), of("visits", "visit", "10s")];
    const set = new WindowSet({ partitions: 1, idlePartitionMs: 5_000 });
    set.define(both);
    const stored: SealedPoint[] = [];
    const view = parseView("rate", { ratio: { numerator: "orders", denominator: "visits" } });
    const rule = parseAlert("low", { metric: "rate", condition: "< 0.5" });
    if (!view.ok || !rule.ok) throw new Error("both are sound");
    const points = (metric: string, fromMs: number, toMs: number) =>
      metric === "orders" ? stored.filter(([end]) => end >= fromMs && end <= toMs) : [];
    const alerts = new AlertSet({
      watched: (name) => watchedMetric(name, set, view.value, name === "rate" ? points : () => []),
      share: undefined,
    });
    alerts.define([{ rule: rule.value, definedMs: DEFINED_MS }]);
    const told: string[] = [];
    const range = (to: number, events: [name: string, offsetMs: number][], nowMs: number) => {
      const folder = new RangeFolder(both.map(compileMetric));
      for (const [name, offsetMs] of events) folder.add({ ...at(offsetMs), name });
      const partial = { partition: 0, after: to - 1, from: to, to, version: 1, oldestReceivedMs: nowMs };
      set.step({ type: "range", partial: throughJson({ ...partial, ...folder.finish() }) }, START_MS + nowMs);
      alerts.advance();
      told.push(...alerts.takeTransitions().map(textOf));
      stored.push(...(set.metric("orders")?.takeSealed() ?? []));
    };
    range(
      0,
      [
        ["order", 100],
        ["visit", 200],
        ["visit", 300],
        ["visit", 400],
      ],
      900,
    );
    range(
      1,
      [
        ["order", 1_100],
        ["visit", 1_200],
      ],
      1_900,
    );
    range(2, [["order", 9_000]], 9_000);
    expect(told).toEqual([]);
    expect(stored.map(([end]) => end - START_MS)).toEqual([1_000, 2_000]);
    range(3, [["order", 13_000]], 13_000);
    expect(told.map((text) => text.replace(/\.33\d+/, ".33"))).toEqual([
      "low fired  at 1000 #1 0.33",
      "low resolved  at 2000 #1 1",
    ]);
  });

  it("[A1] a rule that changes its meaning, or goes, resolves what it fired; another webhook changes nothing", () => {
    const feed = new AlertedFeed({ delay: "0s" }, [{ condition: "> 0" }, { condition: "> 0" }]);
    feed.range(0, count(1, 100), START_MS + 100);
    move(feed, 1_000);
    feed.told.length = 0;
    feed.define([{ condition: "> 0", webhook: "https://example.com/" }, { condition: "> 1" }]);
    expect(feed.told).toEqual(["rule1 resolved  at 1000 #2 null rule_changed"]);
    feed.define([]);
    expect(feed.told.slice(1)).toEqual(["rule0 resolved  at 1000 #1 null rule_deleted"]);
  });

  it("[A1] a metric that begins anew resolves what was fired over the one before", () => {
    const feed = new AlertedFeed({ delay: "0s" }, [{ condition: "> 0" }]);
    feed.range(0, count(1, 100), START_MS + 100);
    move(feed, 1_000);
    feed.told.length = 0;
    feed.feed.set.define([define({ delay: "0s", window: { type: "tumbling", size: "2s" } }, 2)]);
    feed.alerts.advance();
    expect(feed.alerts.takeTransitions().map(textOf)).toEqual([
      "rule0 resolved  at 1000 #1 null metric_changed",
    ]);
  });

  it("[A1] a silent project is asked for when silence would bring something about", () => {
    const feed = new AlertedFeed({ delay: "1s", lateness: "0s" }, [{ condition: "no data", for: "10s" }]);
    feed.range(0, count(1, 100), START_MS + 100);
    feed.idle(START_MS + 7_000);
    expect(feed.told.map((text) => text.replace(/ at .*/, ""))).toEqual(["rule0 fired ", "rule0 resolved "]);
    feed.told.length = 0;
    expect(feed.alerts.awaitedMs).toBe(START_MS + 13_000);
    expect(feed.feed.set.partitionsToAsk(START_MS + 12_999)).toEqual([]);
    expect(feed.feed.set.partitionsToAsk(START_MS + 13_000)).toHaveLength(PARTITIONS);
    feed.idle(START_MS + 13_000);
    expect(feed.told).toEqual(["rule0 fired  at 12000 #2 null"]);
    expect(feed.alerts.awaitedMs).toBe(Number.POSITIVE_INFINITY);
  });

  it("[A1] a group that a rule names is of one object of a split metric", () => {
    const split = define({ groupBy: ["g"], shards: 4 });
    const sets = [0, 1, 2, 3].map((index) => {
      const set = new WindowSet(ALERTED_OPTIONS);
      set.define([split]);
      const watched = (name: string) => watchedMetric(name, set, undefined, () => []);
      const alerts = new AlertSet({ watched, share: { index, of: 4 } });
      const rule = parseAlert("r", { metric: "m", condition: "no data", groups: [{ g: "a" }] });
      if (!rule.ok) throw new Error(rule.message);
      alerts.define([{ rule: rule.value, definedMs: DEFINED_MS }]);
      const partitions = Array.from({ length: PARTITIONS }, (_, p): [number, number] => [p, START_MS]);
      set.step({ type: "caughtUp", partitions }, START_MS);
      alerts.advance();
      return alerts.takeTransitions().length;
    });
    expect(sets).toEqual([0, 1, 2, 3].map((index) => (index === shardOf("a", 4) ? 1 : 0)));
  });
});

describe("[A1] equality with an evaluation of all final points from the beginning", () => {
  const rules = fc.array(
    fc.record(
      {
        condition: fc.constantFrom("> 2", ">= 1", "< 2", "<= 0", "no data", "> -5", "< 3"),
        for: fc.constantFrom("0s", "1s", "3s", "2500ms"),
        groups: fc.constantFrom<{ g: string }[]>([{ g: "a" }], [{ g: "a" }, { g: "zz" }]),
      },
      { requiredKeys: ["condition"] },
    ),
    { minLength: 1, maxLength: 4 },
  );
  const steps = fc.array(
    fc.record({
      partition: fc.integer({ min: 0, max: PARTITIONS - 1 }),
      passedMs: fc.oneof(
        { weight: 5, arbitrary: fc.integer({ min: 0, max: 2_500 }) },
        { weight: 1, arbitrary: fc.integer({ min: 2_500, max: 60_000 }) },
      ),
      after: fc.constantFrom("nothing", "nothing", "idle", "checkpoint", "crash"),
      events: fc.array(
        fc.record({
          agoMs: fc.integer({ min: 0, max: 6_000 }),
          value: fc.integer({ min: -3, max: 5 }),
          group: fc.constantFrom("a", "b", "c"),
        }),
        { maxLength: 6 },
      ),
    }),
    { maxLength: 40 },
  );

  it("[A1] for any rules, aggregate, order of arrival, silence and crashes, each told once", () => {
    fc.assert(
      fc.property(
        fc.constantFrom("count", "sum(value)", "avg(value)", "max(value)"),
        fc.constantFrom<object>(
          { type: "tumbling", size: "1s" },
          { type: "sliding", size: "3s", every: "1s" },
        ),
        fc.constantFrom("0s", "10s"),
        rules,
        steps,
        (aggregate, window, lateness, sources, arrivals) => {
          const metric = { aggregate, window, groupBy: ["g"], delay: "1s", lateness };
          const feed = new AlertedFeed(metric, sources);
          let nowMs = START_MS;
          for (const step of arrivals) {
            nowMs += step.passedMs;
            const events = step.events.map(({ agoMs, value, group }): Event => {
              return { name: "e", ts: nowMs - agoMs, value, props: { g: group } };
            });
            feed.range(step.partition, events, nowMs);
            if (step.after === "idle") feed.idle(nowMs);
            if (step.after === "checkpoint") feed.checkpoint();
            if (step.after === "crash") feed.crash();
          }
          feed.idle(nowMs + 120_000);
          const sizeMs = feed.compiled.metric.window.sizeMs;
          const emptyIsZero = aggregate === "count" || aggregate === "sum(value)";
          const wanted = sources.flatMap((source, i) => {
            const rule = parseAlert(`rule${i}`, { metric: "m", ...source });
            if (!rule.ok) throw new Error(rule.message);
            return alertOracle(rule.value, {
              finals: feed.finals,
              everyMs: 1_000,
              emptyIsZero,
              firstEnd: DEFINED_MS + sizeMs + 1_000,
              lastEnd: feed.feed.windows.finalEnd,
            });
          });
          const told = feed.told.map((text) => text.replace(/ #\d+ \S+$/, ""));
          expect(told.sort()).toEqual(
            wanted.map(({ rule, type, key, end }) => `${rule} ${type} ${key} at ${end - START_MS}`).sort(),
          );
          // Each episode is fired once and resolved at most once.
          const ids = feed.told.map((text) => /(fired|resolved) .* (#\d+)/.exec(text)?.slice(1).join(" "));
          expect(new Set(ids).size).toBe(ids.length);
        },
      ),
      { numRuns: 400 },
    );
  });
});
