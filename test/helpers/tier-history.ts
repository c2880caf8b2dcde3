// An hour of a shop, almost, and metrics over them of each kind that tiers treat apart.
import type { Event } from "../../protocol/event.ts";
import { type Metric, type MetricSource, parseMetric } from "../../protocol/metric.ts";
import type { ViewSource } from "../../protocol/view.ts";
import { seededRandom } from "../../tools/demo/randomness.ts";

export const HISTORY_MS = 57 * 60_000;
const fine = { type: "tumbling", size: "100ms" } as const;
/** Until a second definition says otherwise, all of the history is in time. */
const at = { event: "shop", delay: "0s", lateness: "1h", maxGroups: 5 };

export const TIER_METRICS: MetricSource[] = [
  { ...at, name: "clicks", aggregate: "count", window: fine, groupBy: ["g"] },
  { ...at, name: "orders", aggregate: "count", window: fine, where: "order = true", groupBy: ["g"] },
  { ...at, name: "amount", aggregate: "sum(value)", window: fine, groupBy: ["g", "order"] },
  { ...at, name: "slow", aggregate: "p95(value)", window: { type: "tumbling", size: "1s" } },
  { ...at, name: "mean", aggregate: "avg(value)", window: fine },
  { ...at, name: "users", aggregate: "uniques(user)", window: { type: "tumbling", size: "10s" } },
  {
    ...at,
    name: "peak",
    aggregate: "max(value)",
    window: { type: "sliding", size: "2s", every: "100ms" },
  },
  { ...at, name: "top", aggregate: "topk(3, page)", window: { type: "tumbling", size: "5s" } },
  { ...at, name: "spread", aggregate: "histogram(value)", window: { type: "tumbling", size: "5s" } },
  { ...at, name: "split", aggregate: "sum(value)", window: fine, groupBy: ["g"], shards: 2 },
];

export const AGO_MS = 8 * 60_000;
export const TIER_VIEWS: ViewSource[] = [
  { name: "rate_of_orders", ratio: { numerator: "orders", denominator: "clicks" } },
  { name: "trend", change: { metric: "clicks", ago: "8m" } },
];

/** A metric in the engine's terms. */
export function tierMetric(name: string): Metric {
  const source = TIER_METRICS.find((each) => each.name === name);
  const parsed = parseMetric(name, source);
  if (!parsed.ok) throw new Error(parsed.message);
  return parsed.value;
}

/** Events up to `endMs`, in the order of their times, with gaps of minutes. */
export function tierHistory(seed: number, endMs: number): Event[] {
  const random = seededRandom(seed);
  const events: Event[] = [];
  for (let ts = endMs - HISTORY_MS; ts < endMs; ts += Math.floor(random() * 1_200)) {
    const minute = (ts - endMs + HISTORY_MS) / 60_000;
    if ((minute > 13 && minute < 15) || (minute > 31 && minute < 32)) continue;
    events.push({
      name: "shop",
      ts,
      value: Math.floor(random() * 1_000),
      user: `u${Math.floor(random() * 30)}`,
      props: {
        g: `g${Math.floor(random() * 3)}`,
        page: `/${Math.floor(random() * random() * 5)}`,
        order: random() < 0.3,
      },
    });
  }
  return events;
}
