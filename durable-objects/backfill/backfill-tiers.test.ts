import { beforeAll, describe, it } from "vitest";
import { bursts } from "../../test/helpers/bursts.ts";
import { askAtRandom } from "../../test/helpers/random-questions.ts";
import { TierBench } from "../../test/helpers/tier-bench.ts";
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
  { aggregate: "histogram(value)", window: { type: "tumbling", size: "10s" }, groupBy: ["h"] },
  { aggregate: "max(value)", window: { type: "sliding", size: "1m", every: "5s" }, groupBy: ["h"] },
  { aggregate: "avg(value)", window: { type: "tumbling", size: "5s" }, groupBy: ["g"], shards: 2 },
  { aggregate: "avg(duration)", window: { type: "session", gap: "2m", every: "1m" } },
  { aggregate: "sum(value)", window: { type: "tumbling", size: "1h" } },
].map((source, i): Metric => {
  const parsed = parseMetric(`m${i}`, { ...source, event: "e", delay: "0s", lateness: "0s" });
  if (!parsed.ok) throw new Error(parsed.message);
  return parsed.value;
});

describe.each([
  ["a correction", (_: Event, i: number) => i % 5 !== 0],
  ["a new metric", ({ ts }: Event) => ts > NOW_MS - HOUR_MS],
])("[C4] %s, in all tiers", (_, isLive) => {
  const events = bursts(NOW_MS, { seed: 11, count: 60, days: [20, 3, 0.2] });
  const definitions = { version: 1, metrics: METRICS.map((metric) => ({ metric, revision: 1 })), views: [] };
  const bench = new TierBench(definitions, { LIVE_RETENTION_MS: String(8 * DAY_MS) });

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
    await askAtRandom(bench, {
      metrics: METRICS,
      events,
      untilMs: NOW_MS,
      nowMs: LATER_MS,
      days: 21,
      runs: 200,
    });
  }, 120_000);
});
