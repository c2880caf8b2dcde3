import { describe, expect, it } from "vitest";
import { TierBench } from "../../test/helpers/tier-bench.ts";
import { answerFaults, expectedSteps } from "../../test/oracle/answer-faults.ts";
import type { Event } from "../../protocol/event.ts";
import { type Metric, parseMetric } from "../../protocol/metric.ts";
import { bucketOf } from "../archive/archive-bucket.ts";
import { readPoints } from "../archive/read-points.ts";
import { compileMetric } from "../engine/compiled-metric.ts";
import { seriesOf } from "../engine/window-points.ts";
import { readSealed } from "../engine/sealed-point.ts";

const HOUR = 3_600_000;
const BEGIN_MS = Date.parse("2026-11-20T10:00:00Z");
const NOW_MS = BEGIN_MS + 4 * HOUR;

function metricOf(): Metric {
  const window = { type: "tumbling", size: "1m" };
  const parsed = parseMetric("m", { event: "e", aggregate: "count", window, delay: "0s", lateness: "0s" });
  if (!parsed.ok) throw new Error(parsed.message);
  return parsed.value;
}

/** An event every half minute of three hours. */
const EVENTS = Array.from({ length: 360 }, (_, i): Event => ({
  name: "e",
  ts: BEGIN_MS + i * 30_000,
  value: 1,
}));

async function filled(failAfter: number): Promise<TierBench> {
  const definitions = { version: 1, metrics: [{ metric: metricOf(), revision: 1 }], views: [] };
  const bench = new TierBench(definitions);
  bench.bucket.failAfter = failAfter;
  // One batch of three hours, and so of four files, then some of what comes after.
  await bench.feed(EVENTS.slice(0, 330), 3 * HOUR);
  await bench.feed(EVENTS.slice(330), 60_000);
  return bench;
}

/** Where the archive of the metric's first definition differs from the events. */
async function archiveFaults(bench: TierBench): Promise<string[]> {
  const compiled = compileMetric({ metric: metricOf(), revision: 1 });
  const span = { afterMs: 0, untilMs: NOW_MS };
  const listing = bench.object("p").archiver.listing({ metric: "m", revision: 1, stepMs: 0, ...span });
  const counts = { requests: 0, bytes: 0, neededBytes: 0, groups: 0 };
  const bucket = bucketOf(bench.bucket as never);
  const points = await readPoints(compiled, listing, { ...span, mostPoints: 10_000 }, bucket, counts);
  const series = seriesOf(
    compiled,
    points.map((point) => readSealed(compiled, point)),
  );
  const steps = expectedSteps(metricOf(), EVENTS, 60_000);
  return answerFaults(metricOf(), series, steps, { fromMs: 0, toMs: NOW_MS, stepMs: 60_000 });
}

describe("[C1] archiving points", () => {
  it.each([0, 1, 2, 3, 4, 5])(
    "[C1] a write that fails after %i others is repeated into the same file",
    async (failAfter) => {
      const bench = await filled(failAfter);
      await bench.settle(NOW_MS);
      await bench.settle(NOW_MS);
      expect(await archiveFaults(bench)).toEqual([]);
      expect(bench.bucket.failAfter).toBeLessThan(0);
      const stats = bench.object("p").keeper.stats("p");
      expect(stats).toMatchObject({ waitingPoints: 0, dropped: 0, retries: 1 });
      const question = { metric: "m", revision: 1, stepMs: 0, afterMs: 0, untilMs: NOW_MS };
      const { files } = bench.object("p").archiver.listing(question);
      expect([...bench.bucket.objects.keys()].sort()).toEqual(files.map(({ path }) => path).sort());
      expect(bench.object("p").archiver.stats().points).toBe(180);
    },
  );

  it("[C1] what a metric had sealed is archived though it ends while that is under way", async () => {
    const bench = await filled(1);
    const { set, keeper, store } = bench.object("p");
    bench.object("p").idle(NOW_MS);
    store.checkpoint(set, bench.definitions, () => undefined);
    for (const ended of set.define([])) keeper.ended(ended.compiled);
    await bench.settle(NOW_MS);
    expect(await archiveFaults(bench)).toEqual([]);
    expect(keeper.stats("p")).toMatchObject({ waitingPoints: 0, retries: 1 });
    expect(store.points.ended("m@1")).toBeDefined();
    await bench.checkpoint(NOW_MS);
    expect(store.points.ended("m@1")).toBeUndefined();
  });
});
