import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TierBench } from "../../test/helpers/tier-bench.ts";
import { answerFaults, type ExpectedSteps, expectedSteps } from "../../test/oracle/answer-faults.ts";
import { Random } from "../../test/simulation/random.ts";
import type { Event } from "../../protocol/event.ts";
import { type Metric, parseMetric } from "../../protocol/metric.ts";
import type { SealedPoint } from "../engine/sealed-point.ts";
import type { Series } from "../../protocol/series.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const BEGIN_MS = Date.parse("2026-11-14T10:17:23.456Z");
const RUNS = Number(process.env["FRESHET_RUNS"] ?? 200);

function metricsOf(sources: object[]): Metric[] {
  return sources.map((source, i) => {
    const parsed = parseMetric(`m${i}`, { ...source, event: "e", delay: "0s", lateness: "0s" });
    if (!parsed.ok) throw new Error(parsed.message);
    return parsed.value;
  });
}

function benchOf(metrics: readonly Metric[], vars: Record<string, string> = {}): TierBench {
  return new TierBench(
    { version: 1, metrics: metrics.map((metric) => ({ metric, revision: 1 })), views: [] },
    vars,
  );
}

/** Has something happen before the call to an object after so many others of each question. */
function interruptAt(bench: TierBench, after: number, happens: () => Promise<void>): void {
  let calls = 0;
  bench.interrupt = async () => {
    if (calls++ === after) await happens();
  };
}

/** Points are kept as they were sealed for three hours or six, by the minute for a day and a half, and at all for two. */
const KEPT = { LIVE_FINE_MS: "1000", LIVE_RETENTION_MS: String(2 * DAY) };
const METRICS = metricsOf([
  { aggregate: "count", window: { type: "tumbling", size: "1s" }, groupBy: ["g"] },
  { aggregate: "p95(value)", window: { type: "tumbling", size: "2s" } },
  { aggregate: "max(value)", window: { type: "sliding", size: "1m", every: "1s" }, groupBy: ["g"] },
  { aggregate: "sum(value)", window: { type: "tumbling", size: "1s" }, groupBy: ["g"], shards: 2 },
  { aggregate: "sum(value)", window: { type: "tumbling", size: "1h" } },
]);
/** Spans around where one tier ends and the next begins. */
const question = fc.record({
  metric: fc.constantFrom(...METRICS),
  seamMs: fc.constantFrom(3 * HOUR, 6 * HOUR, 36 * HOUR, 48 * HOUR, 48 * HOUR),
  aroundMs: fc.tuple(fc.nat(2 * HOUR), fc.nat(2 * HOUR)),
  factor: fc.constantFrom(1, 2, 5, 60, 900, 3_600, 7_200, 21_600),
  after: fc.nat(6),
});
type Question = typeof question extends fc.Arbitrary<infer Q> ? Q : never;

/** Whole steps, sealed by `nowMs`. */
function queryOf({ metric, seamMs, aroundMs: [before, behind], factor }: Question, nowMs: number) {
  const stepMs = factor * metric.window.everyMs;
  const fromMs = nowMs - seamMs - before - stepMs;
  const toMs = Math.min(nowMs - 2 * MINUTE, nowMs - seamMs + behind + stepMs);
  return { metric: metric.name, fromMs, toMs, stepMs };
}

/** An event every 20 seconds or so, of all the days that a test takes. */
function history(): Event[] {
  const random = new Random(77);
  const events: Event[] = [];
  for (let ts = BEGIN_MS; ts < BEGIN_MS + 6 * DAY; ts += 1 + random.below(40_000))
    events.push({ name: "e", ts, value: random.below(1_000), props: { g: `g${random.below(3)}` } });
  return events;
}

describe("[S2] seams that move while a question is answered", () => {
  const events = history();
  const until = (ms: number): Event[] => events.filter(({ ts }) => ts < ms);
  const startMs = BEGIN_MS + 2.5 * DAY;

  async function begun(metrics: readonly Metric[]): Promise<TierBench> {
    const bench = benchOf(metrics, KEPT);
    await bench.feed(until(startMs), 10 * MINUTE);
    await bench.settle(startMs);
    return bench;
  }

  /** Time passes: what is old enough by then is archived, rolled up and expired, all of it or as much as one checkpoint does. */
  async function pass(bench: TierBench, ms: number, isAll = true): Promise<void> {
    const nowMs = bench.nowMs + ms;
    await bench.feed(
      events.filter(({ ts }) => ts >= bench.nowMs && ts < nowMs),
      HOUR,
    );
    bench.idle(nowMs);
    await (isAll ? bench.settle(nowMs) : bench.checkpoint(nowMs));
  }

  it("[S2] leave no hole and no double, whatever is rolled up and expires between the plan and its reading", async () => {
    const bench = await begun(METRICS);
    const steps = stepsOf(events);
    const passing = fc.record({ ms: fc.integer({ min: 5 * MINUTE, max: 40 * MINUTE }), isAll: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(question, passing, async (asked, { ms, isAll }) => {
        const query = queryOf(asked, bench.nowMs);
        interruptAt(bench, asked.after, () => pass(bench, ms, isAll));
        const series = await ask(bench, query);
        bench.interrupt = undefined;
        if (series !== undefined)
          expect(answerFaults(asked.metric, series, steps(asked.metric, query.stepMs), query)).toEqual([]);
        if (bench.nowMs > BEGIN_MS + 5.9 * DAY) throw new Error("the history is too short");
      }),
      { numRuns: RUNS, endOnFailure: true },
    );
  }, 120_000);

  it("[S2][C4] make each step of points from before they were computed anew, or from after that", async () => {
    const bench = await begun(METRICS);
    const live = until(startMs);
    const more = live.flatMap((event, i) => (i % 3 === 0 ? [event, { ...event, value: 999 }] : [event]));
    const both = [stepsOf(live), stepsOf(more)];
    const turns = new Map<string, number>();
    const recompute = async (metric: Metric): Promise<void> => {
      const turn = (turns.get(metric.name) ?? 0) + 1;
      turns.set(metric.name, turn);
      await bench.backfill(metric, turn % 2 === 0 ? live : more, startMs - HOUR, bench.nowMs);
      await bench.checkpoint(bench.nowMs);
    };
    await fc.assert(
      fc.asyncProperty(question, async (asked) => {
        const query = queryOf(asked, startMs - 2 * HOUR);
        interruptAt(bench, asked.after, () => recompute(asked.metric));
        const series = await ask(bench, query);
        bench.interrupt = undefined;
        if (series === undefined) return;
        const [some = [], others = []] = both.map((steps) =>
          answerFaults(asked.metric, series, steps(asked.metric, query.stepMs), query),
        );
        expect(inBoth(some, others)).toEqual([]);
      }),
      { numRuns: Math.ceil(RUNS / 4), endOnFailure: true },
    );
  }, 120_000);

  it("[S2] that move again and again are a 503 that says so", async () => {
    const bench = await begun(METRICS.slice(0, 1));
    bench.interrupt = () => pass(bench, 20 * MINUTE);
    const query = { metric: "m0", fromMs: startMs - DAY, toMs: startMs + 6 * HOUR, stepMs: 20_000 };
    expect(await bench.ask({ ...query, upToNow: false, mostPoints: 11_000 })).toEqual({
      ok: false,
      reason: "unavailable",
      message: "points of 'm0' moved to another tier 5 times while they were read; ask again",
    });
  });
});

describe("[S2] the step in which what is kept begins", () => {
  const [minutes = METRICS[0] as Metric] = metricsOf([
    { aggregate: "count", window: { type: "tumbling", size: "1m" } },
  ]);
  const endMs = Date.parse("2026-11-20T00:00:00Z");
  const each = Array.from({ length: 5 * 1_440 }, (_, i) => ({ name: "e", ts: endMs - 5 * DAY + i * MINUTE }));

  /** What is answered for the day of it, where something happens before the call after so many others. */
  async function day(after: number, happens: (bench: TierBench, lostMs: number) => void): Promise<number> {
    const bench = benchOf([minutes], { LIVE_FINE_MS: "1000", LIVE_RETENTION_MS: String(2 * DAY) });
    await bench.feed(each, 30 * MINUTE);
    await bench.settle(endMs + 9 * HOUR);
    const lostMs = bench.object("p").store.points.ledger.lostMs("m0");
    expect(lostMs % DAY).toBeGreaterThan(2 * HOUR);
    interruptAt(bench, after, () => Promise.resolve(happens(bench, lostMs)));
    const toMs = Math.ceil(lostMs / DAY) * DAY;
    const series = (await ask(bench, { metric: "m0", fromMs: toMs, toMs, stepMs: DAY })) ?? [];
    return series[0]?.v[0] ?? 0;
  }

  const calls = [0, 1, 2, 3];
  it.each(calls)("[S2][S1] is whole though a full disk takes points before call %i", async (after) => {
    const value = await day(after, (bench) => {
      const { points } = bench.object("p").store;
      points.makeRoom(bench.object("p").databaseSize - 1, () => undefined);
    });
    expect(value).toBe(1_440);
  });

  const recomputed = calls.flatMap((after) => [true, false].map((isAll) => ({ after, isAll })));
  it.each(recomputed)(
    "[S2][C4] is old or new, but not both, where it is computed anew before call $after (with points for all of it: $isAll)",
    async ({ after, isAll }) => {
      let expected = 1_440;
      const value = await day(after, (bench, lostMs) => {
        const untilMs = Math.ceil(lostMs / DAY) * DAY;
        const afterMs = untilMs - DAY;
        const fromMs = isAll ? afterMs : lostMs;
        const points = Array.from({ length: (untilMs - fromMs) / MINUTE }, (_, i): SealedPoint => {
          return [fromMs + (i + 1) * MINUTE, "", 2, 0];
        });
        const replacement = { metric: "m0", revision: 1, afterMs, untilMs, points };
        const outcome = bench.object("p").replacePoints(replacement, bench.definitions, bench.nowMs);
        expect(outcome).toEqual({ type: "replaced" });
        expected = 2 * points.length;
      });
      expect([1_440, expected]).toContain(value);
    },
  );
});

/** All that was accepted as steps of a metric, computed once. */
function stepsOf(events: readonly Event[]): (metric: Metric, stepMs: number) => ExpectedSteps {
  const known = new Map<string, ExpectedSteps>();
  return (metric, stepMs) => {
    const key = `${metric.name} ${stepMs}`;
    const steps = known.get(key) ?? expectedSteps(metric, events, stepMs);
    known.set(key, steps);
    return steps;
  };
}

/** @returns undefined where it is more than an answer holds. */
async function ask(
  bench: TierBench,
  query: { metric: string; fromMs: number; toMs: number; stepMs: number },
): Promise<Series[] | undefined> {
  const series = await bench.ask({ ...query, upToNow: false, mostPoints: 11_000 });
  if (Array.isArray(series)) return series;
  if (series.reason === "points") return undefined;
  throw new Error(`${series.reason}: ${series.message}`);
}

/** Steps that are neither as the one, nor as the other expects them. */
function inBoth(some: readonly string[], others: readonly string[]): string[] {
  const stepOf = (fault: string): string => fault.replace(/(: | is missing).*$/, "");
  const steps = new Set(others.map(stepOf));
  return some.filter((fault) => steps.has(stepOf(fault)));
}
