import fc from "fast-check";
import type { MetricSource } from "../../protocol/metric.ts";
import type { ViewSource } from "../../protocol/view.ts";
import { PARTITIONS } from "./deployment.ts";
import type { Crash } from "./world.ts";
import type { NETWORKS } from "./scenario.ts";

/** Someone who watches one metric. */
export interface Watching {
  metric: string;
  /** Which hub it is connected to: 0 is fed by the windows, 1 and 2 by hub 0, 17 by hub 1. */
  hub: number;
  protocol: "freshet.v1" | "freshet.v2";
  /** A client that does not say what it has taken. */
  isMute: boolean;
  maxRate?: number;
  groups?: { g: string }[];
}

/** What happens `afterMs` after the last deed. `who`: a watcher by its number. */
export type LiveDeed = { afterMs: number } & (
  | { type: "batch"; partition: number; events: { g: string; agoMs: number; user: string }[] }
  /** The network fails: the client comes back by itself. */
  | { type: "drop"; who: number }
  /** The client reads nothing for a while. */
  | { type: "sleep"; who: number; ms: number }
  /** The client goes, and comes back with its cursor. */
  | { type: "leave"; who: number; ms: number }
  /** The client looks at other metrics, too, and after a while at its own anew. */
  | { type: "browse"; who: number; metrics: string[]; ms: number }
  | { type: "hibernate"; hub: number }
  | { type: "crash"; object: string }
  /** The network loses calls, or only their answers. */
  | { type: "fail"; object: string; method: string; calls: number; arrive: boolean }
  | { type: "define"; metric: MetricSource | ViewSource }
  /** A metric is no more, and `ms` later it is there again. */
  | { type: "remove"; metric: string; ms: number }
);

/** All that a live simulation follows from. */
export interface LiveScenario {
  seed: number;
  network: keyof typeof NETWORKS;
  watching: Watching[];
  deeds: LiveDeed[];
  crashes: Crash[];
  /** How long after the last deed its steps are counted. */
  lastsMs?: number;
}

const TIMES = { delay: "500ms", lateness: "4s" };

/** A whole metric, one of overlapping windows, a split one, a ranking, and views of them. */
export const METRICS: (MetricSource | ViewSource)[] = [
  {
    name: "clicks",
    event: "e",
    aggregate: "count",
    window: { type: "tumbling", size: "1s" },
    groupBy: ["g"],
    ...TIMES,
  },
  {
    name: "rolling",
    event: "e",
    aggregate: "count",
    window: { type: "sliding", size: "3s", every: "1s" },
    ...TIMES,
  },
  {
    name: "split",
    event: "e",
    aggregate: "count",
    window: { type: "tumbling", size: "1s" },
    groupBy: ["g"],
    shards: 2,
    ...TIMES,
  },
  {
    name: "best",
    event: "e",
    aggregate: "topk(2, user)",
    window: { type: "tumbling", size: "2s" },
    ...TIMES,
  },
  {
    name: "visits",
    event: "e",
    aggregate: "sum(n)",
    window: { type: "tumbling", size: "1s" },
    groupBy: ["g"],
    ...TIMES,
  },
  {
    name: "spread",
    event: "e",
    aggregate: "histogram(n)",
    window: { type: "sliding", size: "3s", every: "1s" },
    groupBy: ["g"],
    ...TIMES,
  },
  { name: "ratio", ratio: { numerator: "visits", denominator: "split" } },
];

const REDEFINED: (MetricSource | ViewSource)[] = [
  {
    name: "clicks",
    event: "e",
    aggregate: "count",
    window: { type: "tumbling", size: "500ms" },
    groupBy: ["g"],
    ...TIMES,
  },
  {
    name: "split",
    event: "e",
    aggregate: "sum(n)",
    window: { type: "tumbling", size: "1s" },
    groupBy: ["g"],
    shards: 2,
    ...TIMES,
  },
  {
    name: "split",
    event: "e",
    aggregate: "count",
    window: { type: "tumbling", size: "1s" },
    groupBy: ["g"],
    ...TIMES,
  },
  // A view of what nobody may have watched; and a metric that becomes a view.
  { name: "ratio", change: { metric: "rolling", ago: "1m" } },
  { name: "best", ratio: { numerator: "visits", denominator: "split" } },
];

const HUBS = [0, 1, 2, 17];
const NAMES = METRICS.map(({ name }) => name);
const group = fc.constantFrom("a", "b", "c");
const afterMs = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 300 }) },
  { weight: 6, arbitrary: fc.integer({ min: 300, max: 4_000 }) },
  // Long enough for a hub to sleep, or to let go of what nobody watches.
  { weight: 1, arbitrary: fc.constantFrom(11_000, 61_000) },
);

const watching: fc.Arbitrary<Watching> = fc
  .record({
    metric: fc.constantFrom(...NAMES),
    hub: fc.constantFrom(0, 0, ...HUBS),
    protocol: fc.constantFrom("freshet.v1" as const, "freshet.v2" as const, "freshet.v2" as const),
    isMute: fc.boolean(),
    maxRate: fc.constantFrom<(number | undefined)[]>(undefined, undefined, undefined, 0.5, 2),
    groups: fc.constantFrom<({ g: string }[] | undefined)[]>(undefined, undefined, [{ g: "a" }]),
  })
  .map(({ maxRate, groups, ...rest }) => ({
    ...rest,
    isMute: rest.isMute && rest.protocol === "freshet.v1",
    ...(maxRate !== undefined && { maxRate }),
    ...(groups !== undefined && { groups }),
  }));

const batch = fc.record({
  type: fc.constant("batch" as const),
  afterMs,
  partition: fc.nat(PARTITIONS - 1),
  events: fc.array(
    fc.record({ g: group, agoMs: fc.integer({ min: 0, max: 3_500 }), user: fc.constantFrom("u", "v", "w") }),
    { minLength: 1, maxLength: 4 },
  ),
});

const object = fc.constantFrom(
  "METRIC_WINDOW shop",
  "METRIC_WINDOW shop",
  "METRIC_WINDOW shop/split/0.2",
  "METRIC_WINDOW shop/split/1.2",
  "LIVE_HUB shop",
  "LIVE_HUB shop/1",
  "LIVE_HUB shop/17",
  "PARTITION_READER 0",
  "all",
);

const who = fc.nat(4);
const trouble: fc.Arbitrary<LiveDeed> = fc.oneof(
  fc.record({ type: fc.constant("drop" as const), afterMs, who }),
  fc.record({ type: fc.constant("sleep" as const), afterMs, who, ms: fc.integer({ min: 100, max: 20_000 }) }),
  fc.record({
    type: fc.constant("leave" as const),
    afterMs,
    who,
    ms: fc.integer({ min: 100, max: 200_000 }),
  }),
  fc.record({
    type: fc.constant("browse" as const),
    afterMs,
    who,
    metrics: fc.array(fc.constantFrom(...NAMES), { minLength: 1, maxLength: 12 }),
    ms: fc.integer({ min: 100, max: 20_000 }),
  }),
  fc.record({ type: fc.constant("hibernate" as const), afterMs, hub: fc.constantFrom(...HUBS) }),
  fc.record({ type: fc.constant("crash" as const), afterMs, object }),
  fc.record({
    type: fc.constant("fail" as const),
    afterMs,
    object,
    method: fc.constantFrom("deliver", "deliver", "watch", "watchShare", "readShare"),
    calls: fc.integer({ min: 1, max: 3 }),
    arrive: fc.boolean(),
  }),
  fc.record({ type: fc.constant("define" as const), afterMs, metric: fc.constantFrom(...REDEFINED) }),
  fc.record({
    type: fc.constant("remove" as const),
    afterMs,
    metric: fc.constantFrom(...NAMES),
    ms: fc.integer({ min: 0, max: 80_000 }),
  }),
);

export const liveScenario: fc.Arbitrary<LiveScenario> = fc.record({
  seed: fc.nat(),
  network: fc.constantFrom("calm" as const, "busy" as const, "rough" as const),
  watching: fc.array(watching, { minLength: 1, maxLength: 5 }),
  deeds: fc.array(
    fc.oneof({ weight: 3, arbitrary: batch as fc.Arbitrary<LiveDeed> }, { weight: 2, arbitrary: trouble }),
    { minLength: 3, maxLength: 25, size: "max" },
  ),
  crashes: fc.array(fc.record({ step: fc.integer({ min: 20, max: 2_000 }), actor: object }), {
    maxLength: 4,
  }),
});
