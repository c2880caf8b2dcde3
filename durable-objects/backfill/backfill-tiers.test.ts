import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { TierBench } from "../../test/helpers/tier-bench.ts";
import { answerFaults, type ExpectedSteps, expectedSteps } from "../../test/oracle/answer-faults.ts";
import { Random } from "../../test/simulation/random.ts";
import type { Event } from "../../protocol/event.ts";
import { type Metric, parseMetric } from "../../protocol/metric.ts";
import { sealedUntil } from "./backfill-job.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const NOW_MS = Date.parse("2026-11-20T10:17:23.456Z");
/** Everything is looked through for what is too old. */
const LATER_MS = NOW_MS + 2 * HOUR_MS;
const METRICS = [
  { aggregate: "count", window: { type: "tumbling", size: "1s" }, groupBy: ["g"] },
  { aggregate: "p95(value)", window: { type: "tumbling", size: "7s" } },
  { aggregate: "topk(3, g)", window: { type: "tumbling", size: "1m" } },
  { aggregate: "max(value)", window: { type: "sliding", size: "1m", every: "5s" }, groupBy: ["h"] },
  { aggregate: "avg(value)", window: { type: "tumbling", size: "5s" }, groupBy: ["g"], shards: 2 },
  { aggregate: "avg(duration)", window: { type: "session", gap: "2m", every: "1m" } },
  { aggregate: "sum(value)", window: { type: "tumbling", size: "1h" } },
].map((source, i): Metric => {
  const parsed = parseMetric(`m${i}`, { ...source, event: "e", delay: "0s", lateness: "0s" });
  if (!parsed.ok) throw new Error(parsed.message);
  return parsed.value;
});

/** Events of 20 days, in bursts. */
function history(): Event[] {
  const random = new Random(11);
  const events: Event[] = [];
  for (let burst = 0; burst < 60; burst++) {
    const aroundMs = NOW_MS - ([20, 3, 0.2][burst % 3] ?? 1) * DAY_MS * (random.below(1_000) / 1_000);
    for (let i = 0; i < 40; i++) {
      events.push({
        name: "e",
        ts: Math.floor(Math.min(NOW_MS - 1, aroundMs + random.below(40 * 60_000))),
        value: random.below(1_000),
        user: `u${random.below(30)}`,
        props: { g: `g${random.below(5)}`, h: random.below(2) === 0 },
      });
    }
  }
  return events.sort((a, b) => a.ts - b.ts);
}

describe.each([
  ["a correction", (_: Event, i: number) => i % 5 !== 0],
  ["a new metric", ({ ts }: Event) => ts > NOW_MS - HOUR_MS],
])("[C4] %s, in all tiers", (_, isLive) => {
  const events = history();
  const definitions = { version: 1, metrics: METRICS.map((metric) => ({ metric, revision: 1 })), views: [] };
  const bench = new TierBench(definitions, { LIVE_RETENTION_MS: String(8 * DAY_MS) });
  const steps = new Map<string, ExpectedSteps>();

  beforeAll(async () => {
    await bench.feed(events.filter(isLive), 30_000);
    await bench.settle(NOW_MS);
    for (const metric of METRICS) {
      const { everyMs } = metric.window;
      const untilMs = sealedUntil(Math.floor(NOW_MS / everyMs) * everyMs, NOW_MS, everyMs);
      const job = await bench.backfill(metric, events, untilMs, NOW_MS);
      if (job.doneMs !== untilMs)
        throw new Error(`${metric.name} is done up to ${job.doneMs}, not ${untilMs}`);
    }
    await bench.settle(LATER_MS);
  }, 240_000);

  it("[C4][C1][S2] equals the oracle over every event, whatever the span and the step", async () => {
    const met = new Set<string>();
    const age = fc.oneof(fc.nat(21 * DAY_MS), fc.nat(4 * DAY_MS), fc.nat(8 * HOUR_MS));
    const query = fc.record({
      metric: fc.constantFrom(...METRICS),
      ages: fc.tuple(age, age),
      factor: fc.option(fc.constantFrom(1, 2, 6, 12, 60, 900)),
    });
    await fc.assert(
      fc.asyncProperty(query, async ({ metric, ages, factor }) => {
        const span = { fromMs: NOW_MS - Math.max(...ages), toMs: NOW_MS - Math.min(...ages) };
        const stepMs = factor === null ? {} : { stepMs: factor * metric.window.everyMs };
        const asked = { metric: metric.name, ...span, ...stepMs, upToNow: false, mostPoints: 11_000 };
        const plan = await bench.plan(asked, LATER_MS);
        if ("ok" in plan) {
          expect(plan.reason).toBe("points");
          return;
        }
        const read = await bench.read(plan);
        if (!Array.isArray(read)) throw new Error(JSON.stringify(read));
        for (const { source, rolledUpMs } of plan.inputs[0]?.plan.parts ?? []) {
          met.add(rolledUpMs === undefined ? source : `${source}, rolled up`);
        }
        const name = `${metric.name} ${plan.stepMs}`;
        const expected = steps.get(name) ?? expectedSteps(metric, events, plan.stepMs);
        steps.set(name, expected);
        expect(answerFaults(metric, read, expected, { ...span, stepMs: plan.stepMs })).toEqual([]);
      }),
      { numRuns: Number(process.env["FRESHET_RUNS"] ?? 200) },
    );
    expect([...met].sort()).toEqual(["archive", "archive, rolled up", "windows"]);
  }, 120_000);
});
