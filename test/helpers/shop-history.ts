import type { MetricSource } from "../../protocol/metric.ts";
import { seededRandom } from "../../tools/demo/randomness.ts";

const second = { type: "tumbling", size: "1s" } as const;
const at = { event: "shop", delay: "0s", lateness: "0s" };

/** One metric of each kind of aggregate, window and grouping that series are made of. */
export const SHOP_METRICS: MetricSource[] = [
  { ...at, name: "shop_clicks", aggregate: "count", window: second, groupBy: ["campaign", "country"] },
  {
    ...at,
    name: "shop.amount",
    aggregate: "sum(value)",
    window: { type: "tumbling", size: "5s" },
    groupBy: ["campaign"],
  },
  { ...at, name: "shop_total", aggregate: "last(total)", window: second },
  {
    ...at,
    name: "shop_slow",
    aggregate: "p95(value)",
    window: { type: "sliding", size: "30s", every: "5s" },
    groupBy: ["campaign"],
  },
  { ...at, name: "shop_top", aggregate: "topk(3, page)", window: { type: "tumbling", size: "10s" } },
  {
    ...at,
    name: "shop_spread",
    aggregate: "histogram(value)",
    window: { type: "tumbling", size: "10s" },
    groupBy: ["campaign"],
  },
  { ...at, name: "shop_rare", aggregate: "max(value)", where: "rare = true", window: second },
];

/**
 * Twelve minutes of one shop, ending some seconds ago, as NDJSON of one request: the first that a server gets, so that
 * nothing of it is late. There are gaps, and a counter that falls back: far from zero, where releases of Prometheus
 * differ in how they extrapolate.
 */
export function shopHistory(seed: number, nowMs: number): string {
  const random = seededRandom(seed);
  const endMs = Math.floor(nowMs / 1_000) * 1_000 - 5_000;
  const lines: string[] = [];
  let total = 2e6;
  for (let ts = endMs - 720_000; ts < endMs; ts += 100 + Math.floor(random() * 40)) {
    // Nothing at all for a minute, and then again from minute 6 for longer than the lookback of a minute's range.
    const minute = (ts - endMs + 720_000) / 60_000;
    if ((minute > 3 && minute < 4) || (minute > 6 && minute < 7.5)) continue;
    if (random() < 0.3) continue;
    total = random() < 0.004 ? 1e6 : total + Math.floor(random() * 10);
    const campaign = minute > 9 && random() < 0.2 ? "late bird" : random() < 0.6 ? "autumn" : "winter";
    const country = random() < 0.5 ? "DE" : random() < 0.5 ? "FR" : "";
    const page = `/${Math.floor(random() * random() * 6)}`;
    const props = { campaign, country, page, total, rare: random() < 0.01 };
    lines.push(JSON.stringify({ name: "shop", ts, value: Math.round(random() * 1e4) / 100, props }));
  }
  return lines.join("\n");
}
