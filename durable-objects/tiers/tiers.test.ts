import { beforeAll, describe, expect, it } from "vitest";
import { bursts } from "../../test/helpers/bursts.ts";
import { askAtRandom } from "../../test/helpers/random-questions.ts";
import { TierBench } from "../../test/helpers/tier-bench.ts";
import { answerFaults, expectedSteps } from "../../test/oracle/answer-faults.ts";
import { type Metric, parseMetric } from "../../protocol/metric.ts";
import type { Series } from "../../protocol/series.ts";
import { joinSeries } from "../../workers/query/tiered-reader.ts";
import type { Refusal, StitchPlan, WindowQuery } from "../window/window-query.ts";

const DAY_MS = 24 * 3_600_000;
const NOW_MS = Date.parse("2026-11-20T10:17:23.456Z");
const SOURCES = [
  { aggregate: "count", window: { type: "tumbling", size: "1s" }, groupBy: ["g"] },
  { aggregate: "p95(value)", window: { type: "tumbling", size: "10s" } },
  { aggregate: "avg(value)", window: { type: "tumbling", size: "7s" }, groupBy: ["g", "h"] },
  { aggregate: "uniques(user)", window: { type: "tumbling", size: "1m" } },
  { aggregate: "topk(3, g)", window: { type: "tumbling", size: "1m" } },
  { aggregate: "max(value)", window: { type: "sliding", size: "1m", every: "5s" }, groupBy: ["h"] },
  {
    aggregate: "sum(value)",
    window: { type: "tumbling", size: "5s" },
    groupBy: ["g"],
    maxGroups: 3,
    shards: 2,
  },
  { aggregate: "count", window: { type: "session", gap: "2m", every: "1m" } },
  { aggregate: "rate", window: { type: "tumbling", size: "1h" } },
  { aggregate: "histogram(value)", window: { type: "tumbling", size: "10s" }, groupBy: ["h"] },
].map((source) => ({ ...source, event: "e", delay: "0s", lateness: "0s" }));

const METRICS = SOURCES.map((source, i): Metric => {
  const parsed = parseMetric(`m${i}`, source);
  if (!parsed.ok) throw new Error(parsed.message);
  return parsed.value;
});

describe("[S2] a query over all tiers", () => {
  const events = bursts(NOW_MS, { seed: 7, count: 90, days: [40, 4, 0.5, 0.1] });
  const definitions = { version: 1, metrics: METRICS.map((metric) => ({ metric, revision: 1 })), views: [] };
  const bench = new TierBench(definitions);

  beforeAll(async () => {
    await bench.feed(events, 30_000);
    await bench.settle(NOW_MS);
  }, 120_000);

  async function ask(query: Pick<WindowQuery, "metric" | "fromMs" | "toMs" | "stepMs" | "pageSteps">) {
    const asked = { ...query, upToNow: false, mostPoints: 11_000 };
    const plan: StitchPlan | Refusal = await bench.plan(asked, NOW_MS);
    if ("ok" in plan) return plan;
    return { plan, read: await bench.read(plan) };
  }

  /** Groups beyond `maxGroups` are folded: which, the oracle does not say. */
  const compared = METRICS.filter(({ maxGroups }) => maxGroups > 3);

  it("[S2][S1][C1][C3] equals the oracle, whatever the span, the step and the tiers", async () => {
    await askAtRandom(bench, {
      metrics: compared,
      events,
      untilMs: NOW_MS,
      nowMs: NOW_MS,
      days: 41,
      runs: 400,
    });
    const { bytes, neededBytes, requests } = bench.cold;
    expect(requests).toBeGreaterThan(1_000);
    expect(bytes / neededBytes).toBeLessThanOrEqual(1.2);
  }, 120_000);

  it("[S2] in pages it is the same, also where all at once is too much", async () => {
    const asked = { fromMs: 0, toMs: NOW_MS, pageSteps: 1_500 };
    for (const { name, window } of compared) {
      const stepMs = window.everyMs * Math.ceil(100_000 / window.everyMs);
      const pages: Series[][] = [];
      const tiers = new Set<string>();
      for (let fromMs: number | undefined = 0; fromMs !== undefined;) {
        const answer = await ask({ ...asked, metric: name, fromMs, stepMs });
        if (!("plan" in answer) || !Array.isArray(answer.read)) throw new Error(JSON.stringify(answer));
        for (const { t } of answer.read) expect(t.length).toBeLessThanOrEqual(1_500);
        for (const { tier } of answer.plan.tiers) tiers.add(tier);
        pages.push(answer.read);
        fromMs = answer.plan.nextMs;
      }
      const metric = METRICS.find((each) => each.name === name);
      if (metric === undefined) throw new Error(`there is no metric ${name}`);
      const expected = expectedSteps(metric, events, stepMs);
      expect(answerFaults(metric, joinSeries(pages), expected, { ...asked, stepMs })).toEqual([]);
      if (stepMs < 900_000)
        expect([pages.length > 3, tiers.has("cold"), tiers.has("hot")]).toEqual([true, true, true]);
    }
  });

  it("[S1][W5] a split metric's folded groups add up over its objects in every tier", async () => {
    const metric = METRICS.find(({ shards }) => shards > 1);
    if (metric === undefined) throw new Error("there is no split metric");
    for (const stepMs of [5_000, 60_000, 900_000, DAY_MS]) {
      const span = { fromMs: NOW_MS - Math.min(10_998 * stepMs, 41 * DAY_MS), toMs: NOW_MS + stepMs };
      const wanted = events.filter(({ ts }) => ts >= Math.ceil(span.fromMs / stepMs) * stepMs - stepMs);
      const answer = await ask({ metric: metric.name, ...span, stepMs });
      if (!("plan" in answer) || !Array.isArray(answer.read)) throw new Error(JSON.stringify(answer));
      const sum = answer.read.flatMap(({ v }) => v).reduce<number>((total, v) => total + (v ?? 0), 0);
      expect(sum).toBe(wanted.reduce((total, { value = 0 }) => total + value, 0));
    }
  });

  it("[C1] writes points and what is rolled up to folders of their own", () => {
    const paths = [...bench.bucket.objects.keys()];
    const points = paths.filter((path) =>
      /^points\/project=p\/date=2026-1[01]-\d\d\/hour=\d\d\/(w|m6\.[01]\.2)-\d+-\d+\.parquet$/.test(path),
    );
    const rollups = paths.filter((path) => /^rollups\/step=(900000|945000)\/project=p\/date=/.test(path));
    expect(points.length).toBeGreaterThan(50);
    // Of ten days, each in one file of each object, or in two where a step does not divide a day.
    expect(rollups.length).toBeGreaterThan(10);
    expect(rollups.length).toBeLessThan(60);
    expect(points.length + rollups.length).toBe(paths.length);
  });
});
