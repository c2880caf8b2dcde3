import { beforeAll, describe, expect, it, vi } from "vitest";
import { TierBench } from "../../test/helpers/tier-bench.ts";
import type { Event } from "../../protocol/event.ts";
import { parseMetric } from "../../protocol/metric.ts";
import type { Series } from "../../protocol/series.ts";
import { TooManyPointsError } from "../window/reading-errors.ts";

vi.mock(import("../../protocol/limits.ts"), async (original) => {
  const limits = await original();
  const small = { answeredPoints: 600, readPoints: 2_000, archivedPoints: 300, archivedFiles: 6 };
  return { ...limits, LIMITS: { ...limits.LIMITS, ...small } as never };
});

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const NOW_MS = Date.parse("2026-11-20T12:00:00Z");

/** Ten groups, each of which has a point every minute of twelve hours. */
function events(): Event[] {
  return Array.from({ length: 7_200 }, (_, i) => ({
    name: "e",
    ts: NOW_MS - 12 * HOUR + Math.floor(i / 10) * MINUTE,
    value: 1,
    props: { g: `g${i % 10}`, h: i % 3 },
  }));
}

describe("[S2] what is too much for one answer", () => {
  const window = { type: "tumbling", size: "1m" };
  const common = { event: "e", aggregate: "count", window, groupBy: ["g"], delay: "0s", lateness: "0s" };
  const metrics = [
    { name: "m", ...common },
    { name: "split", ...common, shards: 2 },
    { name: "spread", ...common, aggregate: "histogram(h)", groupBy: [] },
  ].map(({ name, ...source }) => {
    const parsed = parseMetric(name, source);
    if (!parsed.ok) throw new Error(parsed.message);
    return { metric: parsed.value, revision: 1 };
  });
  const vars = { LIVE_FINE_MS: "1000", LIVE_RETENTION_MS: String(200 * HOUR) };
  const bench = new TierBench({ version: 1, metrics, views: [] }, vars);
  const long = new TierBench({ version: 1, metrics, views: [] }, { LIVE_RETENTION_MS: String(HOUR) });

  beforeAll(async () => {
    for (const each of [bench, long]) {
      await each.feed(events(), 30 * MINUTE);
      await each.settle(NOW_MS + HOUR);
    }
  });

  async function ask(of: TierBench, metric: string, hours: number, groups?: Record<string, string>[]) {
    const span = { fromMs: NOW_MS - hours * HOUR + MINUTE, toMs: NOW_MS, stepMs: MINUTE };
    const query = { metric, ...span, upToNow: false, mostPoints: 11_000, ...(groups && { groups }) };
    const plan = await of.plan(query, NOW_MS + HOUR);
    if ("ok" in plan) throw new Error(plan.message);
    const answer = await of.read(plan, groups);
    if (!Array.isArray(answer)) return answer.message;
    return answer.reduce((sum, { t }: Series) => sum + t.length, 0);
  }

  it.each(["m", "split"])(
    "[S2] of the points of %s a million are answered with, here 600",
    async (metric) => {
      expect(await ask(bench, metric, 1)).toBe(600);
      await expect(ask(bench, metric, 3)).rejects.toThrow(
        new TooManyPointsError(
          "the question answers with more than 600 points; ask for a shorter span, a longer step, or fewer groups",
        ),
      );
      expect(await ask(bench, metric, 3, [{ g: "g1" }, { g: "g2" }])).toBe(360);
    },
  );

  it("[S2] an interval of a histogram is a point of its own", async () => {
    expect(await ask(bench, "spread", 3)).toBe(3 * 180);
    await expect(ask(bench, "spread", 4)).rejects.toThrow("answers with more than 600 points");
  });

  it("[S2] five millions are read for it, here 2,000", async () => {
    await expect(ask(bench, "m", 6, [{ g: "g1" }])).rejects.toThrow(
      "the question reads more than 2000 points",
    );
  });

  it("[S2] of the tiers together as many are answered with, and fewer groups are fewer", async () => {
    const both = new TierBench({ version: 1, metrics, views: [] }, { LIVE_RETENTION_MS: String(HOUR) });
    await both.feed(events(), 30 * MINUTE);
    await both.settle(NOW_MS);
    const span = { fromMs: NOW_MS - 83 * MINUTE, toMs: NOW_MS - 20 * MINUTE, stepMs: MINUTE };
    const plan = await both.plan({ metric: "m", ...span, upToNow: false, mostPoints: 11_000 }, NOW_MS);
    if ("ok" in plan) throw new Error(plan.message);
    expect(plan.tiers.map(({ tier }) => tier)).toEqual(["cold", "hot"]);
    expect(await both.read(plan)).toMatchObject({
      message: expect.stringMatching(/^the question answers with more than 600 points; ask for/) as string,
    });
    expect(await both.read(plan, [{ g: "g1" }])).toMatchObject([{ t: { length: 64 } }]);
  });

  it("[C3] of the archive a bounded number of points and of files are read", async () => {
    expect(await ask(long, "m", 2)).toBe(
      "the question reads more than 300 points of the archive; ask for a shorter span, or a step that is a multiple of 15m",
    );
    expect(await ask(long, "m", 12)).toMatch(
      /^the question reads \d+ files of the archive; the bound is 6: ask for a shorter span/,
    );
  });
});
