import type { Event } from "../../protocol/event.ts";
import type { MetricSource } from "../../protocol/metric.ts";
import type { Deed, Scenario } from "./scenario.ts";

const IN_TIME = { event: "e", delay: "500ms", lateness: "1s" };

const PURCHASES: MetricSource = {
  ...IN_TIME,
  name: "purchases",
  aggregate: "sum(value)",
  window: { type: "tumbling", size: "500ms" },
  groupBy: ["g"],
  maxGroups: 2,
};

const RECENT: MetricSource = {
  ...IN_TIME,
  name: "recent",
  aggregate: "max(value)",
  window: { type: "sliding", size: "1500ms", every: "500ms" },
};

const VISITS: MetricSource = {
  ...IN_TIME,
  name: "visits",
  aggregate: "sum(events)",
  window: { type: "session", gap: "700ms", every: "1s" },
  groupBy: ["g"],
};

const SPLIT: MetricSource = {
  ...IN_TIME,
  name: "split",
  aggregate: "count",
  window: { type: "sliding", size: "1s", every: "500ms" },
  groupBy: ["user"],
  maxGroups: 2,
  shards: 2,
};

/** A batch of `[how long ago, value, user, g]`. */
function batch(
  afterMs: number,
  partition: number,
  events: [agoMs: number, value: number, user: string, g: string][],
  copies = 1,
): Deed {
  return {
    type: "batch",
    afterMs,
    partition,
    copies,
    events: events.map(([agoMs, value, user, g]) => {
      const event: Omit<Event, "ts"> = { name: "e", value, user, props: { g } };
      return { ...event, agoMs };
    }),
  };
}

const COMMON: Pick<Scenario, "seed" | "network" | "viaBatcher" | "crashes"> = {
  seed: 1,
  network: "calm",
  viaBatcher: false,
  crashes: [],
};

/** Small enough that each can be run once for every place at which it could be cut off. */
export const SMALL_SCENARIOS: Record<string, Scenario> = {
  "windows of all types, out of order, over two partitions": {
    ...COMMON,
    metrics: [PURCHASES, RECENT, VISITS],
    deeds: [
      batch(0, 0, [
        [100, 1, "ann", "a"],
        [700, 2, "bob", "b"],
      ]),
      batch(300, 1, [
        [900, 4, "ann", "c"],
        [0, 8, "bob", "a"],
      ]),
      batch(500, 0, [[1_000, 16, "ann", "b"]]),
    ],
  },
  "batches that come again, by a batcher": {
    ...COMMON,
    viaBatcher: true,
    metrics: [PURCHASES],
    deeds: [
      batch(0, 2, [[100, 1, "ann", "a"]], 2),
      batch(10, 2, [[600, 2, "bob", "b"]]),
      batch(900, 1, [[0, 4, "ann", "a"]], 2),
    ],
  },
  "a metric that is split over two objects": {
    ...COMMON,
    metrics: [SPLIT],
    deeds: [
      batch(0, 0, [
        [100, 1, "ann", "a"],
        [300, 1, "bob", "a"],
        [400, 1, "cyd", "a"],
      ]),
      batch(700, 1, [
        [900, 1, "dan", "a"],
        [0, 1, "eve", "a"],
      ]),
    ],
  },
  "metrics that are redefined, removed and added, with a checkpoint each time": {
    ...COMMON,
    metrics: [PURCHASES, RECENT],
    deeds: [
      batch(0, 0, [
        [0, 1, "ann", "a"],
        [100, 3, "bob", "b"],
      ]),
      { type: "define", afterMs: 20, metric: { ...RECENT, aggregate: "sum(value)" } },
      batch(5, 1, [[300, 2, "ann", "a"]]),
      { type: "delete", afterMs: 300, metric: "purchases" },
      { type: "define", afterMs: 0, metric: VISITS },
      batch(0, 0, [[900, 4, "bob", "c"]]),
      batch(40, 1, [[0, 8, "bob", "c"]]),
    ],
  },
  "late events that revise windows, told of before and after a checkpoint": {
    ...COMMON,
    metrics: [{ ...PURCHASES, lateness: "3s", groupBy: ["g"] }],
    deeds: [
      batch(0, 0, [
        [0, 1, "ann", "a"],
        [0, 2, "ann", "b"],
      ]),
      batch(2_500, 0, [[2_400, 4, "ann", "a"]]),
      { type: "query", afterMs: 60 },
      { type: "define", afterMs: 40, metric: RECENT },
      { type: "query", afterMs: 60 },
    ],
  },
};
