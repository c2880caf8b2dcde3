import fc from "fast-check";
import type { MetricSource } from "../../protocol/metric.ts";
import type { WindowSource } from "../../protocol/window-spec.ts";
import { PARTITIONS } from "./deployment.ts";
import { CONDITIONS, type Deed, type Scenario, type ScenarioEvent } from "./scenario.ts";
import type { Crash } from "./world.ts";

/** Of all metrics: how old an event may be, when its batch reaches the log, to be in time. */
const DELAY_MS = 1_000;
const LATENESS_MS = 4_000;
const NAMES = ["m0", "m1", "m2", "m3"];

const seconds = (ms: number) => `${ms}ms`;

const tumbling = fc
  .constantFrom(500, 1_000, 3_000)
  .map((size): WindowSource => ({ type: "tumbling", size: seconds(size) }));

const sliding = fc
  .tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 12 }))
  .map(([a, b]): WindowSource => {
    return { type: "sliding", size: seconds(Math.max(a, b) * 500), every: seconds(Math.min(a, b) * 500) };
  });

const session = fc
  .tuple(fc.constantFrom(300, 1_000, 2_500), fc.constantFrom(500, 1_000, 4_000))
  .map(([gap, every]): WindowSource => ({ type: "session", gap: seconds(gap), every: seconds(every) }));

const groupBy = fc.constantFrom<(string[] | undefined)[]>(
  undefined,
  ["g"],
  ["g"],
  ["user"],
  ["g", "h"],
  ["name"],
);
const where = fc.constantFrom(undefined, undefined, ...Object.keys(CONDITIONS));
const maxGroups = fc.constantFrom(undefined, undefined, 1, 2, 3);

const ofEvents = fc.constantFrom(
  "count",
  "rate",
  "sum(value)",
  "sum(n)",
  "min(value)",
  "max(value)",
  "avg(value)",
  "last(value)",
  "p50(value)",
  "p99(value)",
  "uniques(user)",
  "uniques(g)",
  "topk(2, user)",
  "topk(3, value)",
  "histogram(value)",
  "histogram(n)",
);
const ofSessions = fc.constantFrom(
  "count",
  "rate",
  "sum(events)",
  "min(duration)",
  "avg(events)",
  "p90(duration)",
  "histogram(duration)",
);

const paneMetric = fc
  .record({
    window: fc.oneof(tumbling, sliding),
    aggregate: ofEvents,
    groupBy,
    where,
    maxGroups,
    shards: fc.constantFrom(1, 1, 1, 2, 3),
  })
  .map(({ shards, ...metric }) => ({ ...metric, shards: metric.groupBy === undefined ? 1 : shards }));

const sessionMetric = fc
  .record({ window: session, aggregate: ofSessions, groupBy, where, maxGroups })
  .map((metric) => ({ ...metric, shards: 1 }));

/** A metric of any kind; `name` is given later. */
const metric = fc
  .oneof({ weight: 3, arbitrary: paneMetric }, { weight: 1, arbitrary: sessionMetric })
  .map(({ groupBy, where, maxGroups, shards, ...rest }): Omit<MetricSource, "name"> => ({
    ...rest,
    event: "e",
    delay: seconds(DELAY_MS),
    lateness: seconds(LATENESS_MS),
    shards,
    ...(groupBy && { groupBy }),
    ...(where !== undefined && { where }),
    ...(maxGroups !== undefined && { maxGroups }),
  }));

const ages = (most: number) => fc.oneof(fc.integer({ min: 0, max: 900 }), fc.integer({ min: 0, max: most }));

/** An event that may lack anything. */
export const event = (oldestMs: number): fc.Arbitrary<ScenarioEvent> =>
  fc
    .record({
      name: fc.constantFrom("e", "e", "e", "e", "other"),
      agoMs: ages(oldestMs),
      alignMs: fc.constantFrom(undefined, undefined, 500),
      value: fc.option(fc.oneof(fc.integer({ min: -9, max: 9 }), fc.constantFrom(0.1, 0.2, 1e9)), {
        freq: 5,
        nil: undefined,
      }),
      user: fc.option(fc.constantFrom("ann", "bob", "cyd"), { freq: 5, nil: undefined }),
      g: fc.constantFrom("a", "b", "c", "d", null, undefined, true, 7),
      h: fc.constantFrom("x", "xy", "z", undefined),
      n: fc.constantFrom(1, 2, "no number", undefined),
    })
    .map(({ name, agoMs, alignMs, value, user, g, h, n }) => ({
      name,
      agoMs,
      ...(alignMs !== undefined && { alignMs }),
      ...(value !== undefined && { value }),
      ...(user !== undefined && { user }),
      props: { ...(g !== undefined && { g }), ...(h !== undefined && { h }), ...(n !== undefined && { n }) },
    }));

/** Time passes slowly, mostly: now and then so that windows close, or until a checkpoint is due. */
const afterMs = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 15 }) },
  { weight: 12, arbitrary: fc.integer({ min: 0, max: 400 }) },
  { weight: 3, arbitrary: fc.integer({ min: 400, max: 4_000 }) },
  { weight: 1, arbitrary: fc.constantFrom(12_000, 31_000) },
);

const batch = (oldestMs: number): fc.Arbitrary<Deed> =>
  fc.record({
    type: fc.constant("batch" as const),
    afterMs,
    partition: fc.nat(PARTITIONS - 1),
    copies: fc.constantFrom(1, 1, 1, 1, 2, 3),
    events: fc.array(event(oldestMs), { minLength: 1, maxLength: 7 }),
  });

const change: fc.Arbitrary<Deed> = fc.oneof(
  { weight: 3, arbitrary: definition(metric) },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant("delete" as const),
      afterMs,
      metric: fc.constantFrom(...NAMES),
    }),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constant("query" as const), afterMs }) },
);

function definition(metric: fc.Arbitrary<Omit<MetricSource, "name">>): fc.Arbitrary<Deed> {
  return fc
    .tuple(afterMs, fc.constantFrom(...NAMES), metric)
    .map(([afterMs, name, rest]) => ({ type: "define", afterMs, metric: { name, ...rest } }));
}

const crash: fc.Arbitrary<Crash> = fc.record({
  step: fc.integer({ min: 20, max: 900 }),
  actor: fc.constantFrom(
    "all",
    "METRIC_WINDOW shop",
    "METRIC_WINDOW shop",
    "METRIC_WINDOW shop/m0/0.2",
    "METRIC_WINDOW shop/m1/1.3",
    "PARTITION_READER 0",
    "PARTITION_READER 1",
    "PARTITION_READER 2",
    "LOG_PARTITION 0",
    "LOG_PARTITION 1",
    "BATCHER sim/0",
    "CATALOG catalog",
  ),
});

const scenarioOf = (
  metrics: fc.Arbitrary<Omit<MetricSource, "name">[]>,
  deed: fc.Arbitrary<Deed>,
): fc.Arbitrary<Scenario> =>
  fc
    .record({
      seed: fc.nat(),
      network: fc.constantFrom("calm" as const, "busy" as const, "rough" as const),
      viaBatcher: fc.boolean(),
      metrics,
      deeds: fc.array(deed, { minLength: 1, maxLength: 30, size: "max" }),
      crashes: fc.array(crash, { maxLength: 6 }),
    })
    .map(({ metrics, ...rest }) => ({
      ...rest,
      metrics: metrics.map((metric, i) => ({ name: NAMES[i] ?? "", ...metric })),
    }));

/**
 * Scenarios of every kind, but that no event is later than lateness: some time is left for what a slow network and
 * crashes hold up on the way to the log.
 */
export const scenario = scenarioOf(
  fc.array(metric, { minLength: 1, maxLength: NAMES.length }),
  fc.oneof({ weight: 6, arbitrary: batch(LATENESS_MS) }, { weight: 1, arbitrary: change }),
);

/** Scenarios with events that are far too late, of metrics whose points add up to how many events they have taken. */
export const lateScenario = scenarioOf(
  fc.constant([
    {
      event: "e",
      aggregate: "count",
      window: { type: "tumbling", size: "1s" },
      lateness: "2s",
      delay: "500ms",
    },
    {
      event: "e",
      aggregate: "count",
      window: { type: "tumbling", size: "500ms" },
      lateness: "1s",
      groupBy: ["g"],
      maxGroups: 2,
      shards: 2,
    },
    {
      event: "e",
      aggregate: "sum(events)",
      window: { type: "session", gap: "1s", every: "1s" },
      lateness: "2s",
    },
  ]),
  fc.oneof(
    { weight: 6, arbitrary: batch(20_000) },
    { weight: 1, arbitrary: fc.record({ type: fc.constant("query" as const), afterMs }) },
  ),
);
