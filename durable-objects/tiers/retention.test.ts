import { describe, expect, it } from "vitest";
import { TierBench } from "../../test/helpers/tier-bench.ts";
import { answerFaults, expectedSteps } from "../../test/oracle/answer-faults.ts";
import { Random } from "../../test/simulation/random.ts";
import type { Event } from "../../protocol/event.ts";
import { type Metric, parseMetric } from "../../protocol/metric.ts";
import type { View } from "../../protocol/view.ts";
import { shardsOf } from "../engine/placement.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const NOW_MS = Date.parse("2026-11-20T10:17:23.456Z");
const STEPS = [1_000, MINUTE, 15 * MINUTE, HOUR];

function metricOf(overrides: object = {}): Metric {
  const source = { event: "e", aggregate: "sum(value)", window: { type: "tumbling", size: "1s" } };
  const parsed = parseMetric("m", { ...source, delay: "0s", lateness: "0s", groupBy: ["g"], ...overrides });
  if (!parsed.ok) throw new Error(parsed.message);
  return parsed.value;
}

/** Some hours of events, some a minute. */
function eventsOf(beginMs: number, hours: number, everyMs = 7_000): Event[] {
  const random = new Random(beginMs % 1_000_003);
  const events: Event[] = [];
  for (let ts = beginMs; ts < beginMs + hours * HOUR; ts += random.below(everyMs)) {
    events.push({ name: "e", ts, value: random.below(100), props: { g: `g${random.below(3)}` } });
  }
  return events;
}

function benchOf(metric: Metric, vars: Record<string, string> = {}, views: View[] = []): TierBench {
  const defined = views.map((view) => ({ view, revision: 1 }));
  return new TierBench({ version: 1, metrics: [{ metric, revision: 1 }], views: defined }, vars);
}

/** Where the answers to all of a span differ from the events, at several steps and in several pieces. */
async function faultsOf(
  bench: TierBench,
  metric: Metric,
  events: Event[],
  nowMs = NOW_MS,
): Promise<string[]> {
  const faults: string[] = [];
  const [firstMs, lastMs] = [events[0]?.ts ?? 0, events.at(-1)?.ts ?? 0];
  for (const stepMs of STEPS.filter((step) => step >= metric.window.everyMs)) {
    const steps = expectedSteps(metric, events, stepMs);
    const pieceMs = Math.min(10_000 * stepMs, lastMs + stepMs - firstMs);
    for (let fromMs = firstMs; fromMs <= lastMs + stepMs; fromMs += pieceMs) {
      const span = { fromMs, toMs: fromMs + pieceMs - 1, stepMs };
      const plan = await bench.plan({ metric: "m", ...span, upToNow: false, mostPoints: 11_000 }, nowMs);
      if ("ok" in plan) throw new Error(plan.message);
      const series = await bench.read(plan);
      if (!Array.isArray(series)) throw new Error(series.message);
      faults.push(...answerFaults(metric, series, steps, span).map((fault) => `${stepMs}: ${fault}`));
    }
  }
  return faults;
}

describe("[S1] points that are past their time", { timeout: 60_000 }, () => {
  it("[S1][C1] of an object that slept for longer than they are kept are archived and rolled up first", async () => {
    const metric = metricOf();
    const bench = benchOf(metric);
    const events = eventsOf(NOW_MS - 40 * DAY, 20);
    await bench.feed(events, 10 * MINUTE);
    await bench.settle(NOW_MS);
    expect(await faultsOf(bench, metric, events)).toEqual([]);
  });

  it("[S1][C1] when they are sealed are archived and rolled up first", async () => {
    const metric = metricOf({ lateness: "1d", groupBy: [] });
    const vars = { LIVE_RETENTION_MS: String(2 * HOUR), LIVE_FINE_MS: String(HOUR) };
    const bench = benchOf(metric, vars);
    const events = eventsOf(NOW_MS - 20 * HOUR, 20).map(({ name, ts, value = 0 }) => ({ name, ts, value }));
    await bench.feed(events, 2 * DAY);
    await bench.settle(NOW_MS + 5 * DAY);
    expect(await faultsOf(bench, metric, events, NOW_MS + 5 * DAY)).toEqual([]);
  });

  it("[S1][C1] or have no room on the disk are read from the archive, as they were sealed where they must be", async () => {
    const metric = metricOf();
    const bench = benchOf(metric, { LIVE_BYTES: String(2 ** 20) });
    const events = eventsOf(NOW_MS - 5 * HOUR, 5, 500);
    await bench.feed(events, 10 * MINUTE);
    await bench.settle(NOW_MS);
    const asked = { metric: "m", fromMs: NOW_MS - 5 * HOUR, toMs: NOW_MS, stepMs: HOUR };
    const plan = await bench.plan({ ...asked, upToNow: false, mostPoints: 11_000 }, NOW_MS);
    expect(plan).toMatchObject({ tiers: [{ tier: "cold" }, { tier: "hot" }] });
    expect(await faultsOf(bench, metric, events)).toEqual([]);
  });

  it.each([
    { aggregate: "count" },
    { aggregate: "p95(value)", groupBy: [] },
    { aggregate: "sum(value)", shards: 3 },
    { aggregate: "count", window: { type: "sliding", size: "1h", every: "5m" } },
  ])("[S2] and those that are kept make one step, however long: $aggregate, $window", async (definition) => {
    const metric = metricOf({ window: { type: "tumbling", size: "1m" }, ...definition });
    const bench = benchOf(metric);
    const events = eventsOf(NOW_MS - 40 * DAY, 40 * 24, 20 * MINUTE);
    await bench.feed(events, 2 * HOUR);
    await bench.settle(NOW_MS);
    for (const stepMs of [75 * MINUTE, 5 * HOUR, 2 * DAY, 7 * DAY, 20 * DAY]) {
      const asked = { fromMs: NOW_MS - 40 * DAY, toMs: NOW_MS - HOUR, stepMs };
      const query = { metric: "m", ...asked, upToNow: false, mostPoints: 11_000 };
      const plan = await bench.plan(query, NOW_MS);
      if ("ok" in plan) throw new Error(plan.message);
      const series = await bench.read(plan);
      if (!Array.isArray(series)) throw new Error(series.message);
      expect(answerFaults(metric, series, expectedSteps(metric, events, stepMs), asked), `${stepMs}`).toEqual(
        [],
      );
    }
  });

  it("[C4][S2] and computed anew are read as they were sealed, until the archive has them rolled up", async () => {
    const metric = metricOf({ window: { type: "tumbling", size: "1m" } });
    const bench = benchOf(metric);
    const events = eventsOf(NOW_MS - 40 * DAY, 9 * 24, 20 * MINUTE);
    await bench.feed(events, 2 * HOUR);
    await bench.settle(NOW_MS);
    const more = events.flatMap((event) => [event, { ...event, value: 1 }]);
    await bench.backfill(metric, more, (events.at(-1)?.ts ?? 0) + HOUR, NOW_MS);
    // All of them are archived, and a few rolled up.
    expect(await bench.checkpoint(NOW_MS)).toBe(true);
    expect(await faultsOf(bench, metric, more)).toEqual([]);
    await bench.settle(NOW_MS);
    expect(await faultsOf(bench, metric, more)).toEqual([]);
  });

  it("[S2][C1] are found while some objects of a split metric still have them, and others no more", async () => {
    const metric = metricOf({ window: { type: "tumbling", size: "1m" }, shards: 4 });
    const bench = benchOf(metric);
    const events = eventsOf(NOW_MS - 45 * DAY, 45 * 24, 20 * MINUTE);
    await bench.feed(events, 2 * HOUR);
    await bench.settle(NOW_MS);
    // Days later only some of them have had something to do.
    const laterMs = NOW_MS + 9 * DAY;
    for (const [i, { name }] of shardsOf("p", "m", 4).entries()) {
      const object = bench.object(name);
      object.idle(laterMs);
      for (let times = i * 40; times > 0; times--) await object.checkpoint(bench.definitions, laterMs);
    }
    const lost = shardsOf("p", "m", 4).map(({ name }) => bench.object(name).store.points.ledger.lostMs("m"));
    expect(Math.max(...lost) - Math.min(...lost)).toBeGreaterThan(8 * DAY);
    expect(await faultsOf(bench, metric, events, laterMs)).toEqual([]);
    for (const stepMs of [DAY, 7 * DAY]) {
      const asked = { fromMs: NOW_MS - 45 * DAY, toMs: NOW_MS - DAY, stepMs };
      const series = await bench.ask({ metric: "m", ...asked, upToNow: false, mostPoints: 11_000 });
      if (!Array.isArray(series)) throw new Error(series.message);
      expect(answerFaults(metric, series, expectedSteps(metric, events, stepMs), asked)).toEqual([]);
    }
  });

  it("[S1] in the archive are found when a view makes points be kept for longer", async () => {
    const metric = metricOf();
    const views: View[] = [{ name: "v", type: "change", metric: "m", agoMs: 7 * DAY, as: "relative" }];
    const bench = benchOf(metric);
    const events = eventsOf(NOW_MS - 40 * DAY, 20);
    await bench.feed(events, 10 * MINUTE);
    await bench.settle(NOW_MS - 2 * DAY);
    bench.definitions.views.push(...views.map((view) => ({ view, revision: 2 })));
    await bench.settle(NOW_MS);
    expect(await faultsOf(bench, metric, events)).toEqual([]);
  });

  it("[S1] are not there in part, when there is no archive", async () => {
    const metric = metricOf();
    const definitions = { version: 1, metrics: [{ metric, revision: 1 }], views: [] };
    const vars = { LIVE_RETENTION_MS: String(5 * HOUR), LIVE_FINE_MS: String(HOUR) };
    const bench = new TierBench(definitions, vars, false);
    const events = eventsOf(NOW_MS - 12 * HOUR, 12);
    await bench.feed(events, 10 * MINUTE);
    await bench.settle(NOW_MS);
    const asked = { metric: "m", fromMs: NOW_MS - 12 * HOUR, toMs: NOW_MS, stepMs: HOUR };
    const plan = await bench.plan({ ...asked, upToNow: false, mostPoints: 11_000 }, NOW_MS);
    if ("ok" in plan) throw new Error(plan.message);
    const series = await bench.read(plan);
    if (!Array.isArray(series)) throw new Error(series.message);
    const firstMs = Math.min(...series.map(({ t }) => t[0] ?? 0));
    expect(firstMs).toBeGreaterThanOrEqual(NOW_MS - 6 * HOUR);
    const kept = new Map(
      [...expectedSteps(metric, events, HOUR)].filter(([name]) => Number.parseInt(name, 10) >= firstMs),
    );
    expect(answerFaults(metric, series, kept, asked)).toEqual([]);
  });
});
