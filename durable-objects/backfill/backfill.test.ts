import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { BackfillBench } from "../../test/helpers/backfill-bench.ts";
import { answerFaults, expectedSteps } from "../../test/oracle/answer-faults.ts";
import { Random } from "../../test/simulation/random.ts";
import type { Event } from "../../protocol/event.ts";
import { type Metric, parseMetric } from "../../protocol/metric.ts";

const HOUR_MS = 3_600_000;
const NOW_MS = Date.parse("2026-11-20T10:00:00Z");
/** By then everything before {@link NOW_MS} is sealed. */
const SEALED_MS = NOW_MS + 20 * 60_000;
const SPAN = { fromMs: NOW_MS - 6 * HOUR_MS, toMs: NOW_MS };
const METRICS = [
  { aggregate: "count", window: { type: "tumbling", size: "10s" }, groupBy: ["g"] },
  { aggregate: "p95(value)", window: { type: "sliding", size: "10m", every: "20s" } },
  { aggregate: "sum(duration)", window: { type: "session", gap: "4m", every: "1m" } },
  { aggregate: "avg(value)", window: { type: "tumbling", size: "7s" }, groupBy: ["user"], shards: 2 },
].map((source, i): Metric => {
  const parsed = parseMetric(`m${i}`, { ...source, event: "e", delay: "0s", lateness: "0s" });
  if (!parsed.ok) throw new Error(parsed.message);
  return parsed.value;
});
const [FIRST] = METRICS as [Metric];

/** Events of six hours, with an hour of silence. */
function history(): Event[] {
  const random = new Random(5);
  const events = Array.from({ length: 900 }, (_, i) => ({
    name: i % 9 === 0 ? "other" : "e",
    ts: NOW_MS - 6 * HOUR_MS + random.below(6 * HOUR_MS),
    value: random.below(1_000),
    user: `u${random.below(6)}`,
    props: { g: `g${random.below(3)}` },
  }));
  return events
    .filter(({ ts }) => ts < NOW_MS - 3 * HOUR_MS || ts > NOW_MS - 2 * HOUR_MS)
    .sort((a, b) => a.ts - b.ts);
}

const EVENTS = history();

/** Window objects that have had every third event, and an archive that has all. */
async function benchOf(
  metrics: readonly Metric[],
  events: readonly Event[] = EVENTS,
): Promise<BackfillBench> {
  const bench = new BackfillBench(metrics);
  await bench.tiers.feed(
    events.filter((_, i) => i % 3 === 0),
    20 * 60_000,
  );
  await bench.tiers.settle(SEALED_MS);
  bench.archive(events);
  return bench;
}

/** Where a metric differs from what the events come to, read by way of `tier`. */
async function faults(bench: BackfillBench, metric: Metric, events: readonly Event[], span = SPAN) {
  const stepMs = metric.window.everyMs;
  const query = { metric: metric.name, ...span, stepMs, upToNow: false, mostPoints: 11_000 };
  const plan = await bench.tiers.plan(query, Date.now());
  if ("ok" in plan) throw new Error(plan.message);
  const found: string[] = [];
  for (const source of ["windows", "archive"] as const) {
    for (const { plan: part } of plan.inputs) for (const each of part.parts) each.source = source;
    const read = await bench.tiers.read(plan);
    if (!Array.isArray(read)) throw new Error(read.message);
    const wanted = expectedSteps(metric, events, stepMs);
    found.push(
      ...answerFaults(metric, read, wanted, { ...span, stepMs }).map((fault) => `${source}: ${fault}`),
    );
  }
  return found;
}

describe("[C4] a backfill", () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["Date"], now: SEALED_MS });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it.each(METRICS)("[C4] $name: makes all windows what every event comes to", async (metric) => {
    const bench = await benchOf([metric]);
    expect(await faults(bench, metric, EVENTS)).not.toEqual([]);
    const { id } = await bench.start(metric.name, SPAN);
    await bench.run();
    const [job] = bench.list(metric.name);
    expect(job).toMatchObject({ id, state: "done", progress: 1, filesGone: 0 });
    expect(job?.points).toBeGreaterThan(100);
    expect(await faults(bench, metric, EVENTS)).toEqual([]);
  });

  it.each(METRICS)("[C4] $name: a part of the past, and no other window", async (metric) => {
    const bench = await benchOf([metric]);
    const span = { fromMs: NOW_MS - 4.5 * HOUR_MS, toMs: NOW_MS - 1.5 * HOUR_MS };
    await bench.start(metric.name, span);
    await bench.run();
    const inside = { fromMs: span.fromMs + 1, toMs: span.toMs };
    expect(await faults(bench, metric, EVENTS, inside)).toEqual([]);
    // Whole stretches are replaced: what lies an hour away is as it was.
    const fed = EVENTS.filter((_, i) => i % 3 === 0);
    const before = { fromMs: SPAN.fromMs, toMs: span.fromMs - HOUR_MS };
    const after = { fromMs: span.toMs + HOUR_MS, toMs: NOW_MS };
    expect(await faults(bench, metric, fed, before)).toEqual([]);
    expect(await faults(bench, metric, fed, after)).toEqual([]);
  });

  it("[C4] a crash at any step loses and doubles nothing", async () => {
    const metric = METRICS[3] ?? FIRST;
    const span = { fromMs: NOW_MS - 4 * HOUR_MS, toMs: NOW_MS };
    const events = EVENTS.filter(({ ts }) => ts >= span.fromMs);
    const whole = await benchOf([metric], events);
    await whole.start(metric.name, span);
    await whole.run();
    const steps = whole.operations.length;
    expect(steps).toBeGreaterThan(20);
    for (let crashAt = 1; crashAt < steps; crashAt++) {
      for (const crashAfter of [false, true]) {
        const bench = await benchOf([metric], events);
        await bench.start(metric.name, span);
        Object.assign(bench, { crashAt, crashAfter });
        await bench.run();
        expect(bench.list(metric.name), `${crashAt} ${crashAfter}`).toMatchObject([{ state: "done" }]);
        expect(await faults(bench, metric, events, span), `${crashAt} ${crashAfter}`).toEqual([]);
      }
    }
  }, 240_000);

  it("[C4] tries again while the bucket or a window object is away", async () => {
    const bench = await benchOf(METRICS);
    let calls = 0;
    bench.before = (operation) => {
      if ((operation === "get" || operation === "replace") && ++calls % 17 === 0)
        throw new Error("R2 is away");
    };
    for (const { name } of METRICS) await bench.start(name, SPAN);
    await bench.run(2);
    const states = METRICS.flatMap(({ name }) => bench.list(name));
    expect(states.some(({ state, reason }) => state === "running" && reason === "R2 is away")).toBe(true);
    bench.before = () => undefined;
    await bench.run();
    for (const metric of METRICS) {
      expect(bench.list(metric.name)).toMatchObject([{ state: "done" }]);
      expect(await faults(bench, metric, EVENTS)).toEqual([]);
    }
  });

  it("[C4] cancelled, what is replaced stays, what is not is as it was", async () => {
    const metric = METRICS[3] ?? FIRST;
    const bench = await benchOf([metric]);
    const { id } = await bench.start(metric.name, SPAN);
    let replaced = 0;
    bench.before = (operation) => {
      if (operation === "replace" && ++replaced === 3) bench.cancel(metric.name, id);
    };
    await bench.run();
    const [job] = bench.list(metric.name);
    expect(job).toMatchObject({ state: "cancelled", reason: expect.stringContaining("stay so") as string });
    expect(job?.progress).toBeLessThan(1);
    // What is under way is put in place for all shards.
    expect(bench.operations.filter((operation) => operation === "replace")).toHaveLength(4);
    const doneTo = job?.doneTo ?? 0;
    expect(doneTo).toBeGreaterThan(SPAN.fromMs);
    expect(await faults(bench, metric, EVENTS, { fromMs: SPAN.fromMs, toMs: doneTo })).toEqual([]);
  });

  it.each([
    [
      "defined anew",
      (bench: BackfillBench) => ({
        metrics: [{ metric: FIRST, revision: 2 }],
        version: bench.definitions.version + 1,
        views: [],
      }),
    ],
    [
      "deleted",
      (bench: BackfillBench) => ({ metrics: [], version: bench.definitions.version + 1, views: [] }),
    ],
  ])("[C4] is cancelled when its metric is %s", async (what, changed) => {
    const bench = await benchOf([FIRST]);
    await bench.start(FIRST.name, SPAN);
    bench.before = (operation) => {
      if (operation === "replace") bench.definitions = changed(bench);
    };
    await bench.run();
    const [job] = bench.list(FIRST.name);
    expect(job).toMatchObject({ state: "cancelled", points: 0 });
    expect(job?.reason).toContain(what);
  });

  it("[C4] leaves windows as they are whose events the bucket no longer has, and says so", async () => {
    const bench = await benchOf([FIRST]);
    const gone = bench.pathsOf(NOW_MS - 5 * HOUR_MS);
    for (const path of gone) bench.tiers.bucket.objects.delete(path);
    await bench.start(FIRST.name, SPAN);
    await bench.run();
    expect(bench.list(FIRST.name)).toMatchObject([{ state: "done", filesGone: gone.length }]);
    const fed = EVENTS.filter((_, i) => i % 3 === 0);
    const hour = { fromMs: NOW_MS - 5 * HOUR_MS + 1, toMs: NOW_MS - 4 * HOUR_MS };
    expect(await faults(bench, FIRST, fed, hour)).toEqual([]);
    expect(await faults(bench, FIRST, EVENTS, { fromMs: NOW_MS - 3.5 * HOUR_MS, toMs: NOW_MS })).toEqual([]);
  });

  it("[C4] two of one metric, and one done twice, come to the same", async () => {
    const bench = await benchOf([FIRST]);
    await bench.start(FIRST.name, { fromMs: SPAN.fromMs, toMs: NOW_MS - 2 * HOUR_MS });
    const second = { fromMs: NOW_MS - 4 * HOUR_MS, toMs: NOW_MS };
    await bench.start(FIRST.name, second);
    expect(await bench.start(FIRST.name, second)).toMatchObject({ id: 2 });
    await bench.run();
    // Neither lost what it had read while it had to wait for points on their way.
    expect(bench.operations.filter((operation) => operation === "explore")).toHaveLength(2);
    await bench.start(FIRST.name, SPAN);
    await bench.run();
    expect(bench.list(FIRST.name).map(({ id, state }) => [id, state])).toEqual([
      [3, "done"],
      [2, "done"],
      [1, "done"],
    ]);
    expect(await faults(bench, FIRST, EVENTS)).toEqual([]);
  });

  it("[C4] waits for windows that are not sealed yet, and does what it can before", async () => {
    const bench = await benchOf([FIRST]);
    const toMs = SEALED_MS + 5_000;
    await bench.start(FIRST.name, { fromMs: SPAN.fromMs, toMs });
    await bench.run(1);
    const [waiting] = bench.list(FIRST.name);
    expect(waiting).toMatchObject({ state: "waiting", to: SEALED_MS + 10_000, doneTo: NOW_MS + 15 * 60_000 });
    expect(waiting?.reason).toContain("2026-11-20T10:20:10.000Z are to be sealed first");
    await bench.run();
    expect(bench.list(FIRST.name)).toMatchObject([{ state: "done", doneTo: SEALED_MS + 10_000 }]);
    expect(await faults(bench, FIRST, EVENTS)).toEqual([]);
  });
});
