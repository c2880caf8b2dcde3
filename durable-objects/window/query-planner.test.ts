import { describe, expect, it } from "vitest";
import { TierBench } from "../../test/helpers/tier-bench.ts";
import { parseMetric } from "../../protocol/metric.ts";
import type { View } from "../../protocol/view.ts";

const NOW_MS = Date.parse("2026-11-20T10:00:00Z");

function defined(name: string, overrides: object) {
  const metric = parseMetric(name, {
    event: "e",
    aggregate: "count",
    window: { type: "tumbling", size: "1s" },
    delay: "0s",
    lateness: "0s",
    ...overrides,
  });
  if (!metric.ok) throw new Error(metric.message);
  return { metric: metric.value, revision: 1 };
}

describe("[S2] the plan of a view", () => {
  it("[S2] begins where the first of what it is computed from does", async () => {
    const view: View = { name: "share", type: "ratio", numerator: "sold", denominator: "seen" };
    const bench = new TierBench({
      version: 1,
      metrics: [defined("sold", { where: "sold == true" }), defined("seen", {})],
      views: [{ view, revision: 1 }],
    });
    const at = (agoMs: number, sold: boolean) => ({ name: "e", ts: NOW_MS - agoMs, props: { sold } });
    await bench.feed([at(60_500, false), at(30_500, true)], 1_000);
    await bench.settle(NOW_MS);
    for (const fromMs of [0, NOW_MS - 90_000]) {
      const query = { metric: "share", fromMs, toMs: NOW_MS, upToNow: true, mostPoints: 11_000 };
      const plan = await bench.plan(query, NOW_MS);
      if ("ok" in plan) throw new Error(plan.message);
      expect(await bench.read(plan)).toMatchObject([{ t: [NOW_MS - 60_000, NOW_MS - 30_000], v: [0, 1] }]);
    }
  });
});
