import type { MetricSource } from "../../protocol/metric.ts";
import type { ViewSource } from "../../protocol/view.ts";

type Window = MetricSource["window"];

const EACH_SECOND: Window = { type: "tumbling", size: "1s" };
const LAST_MINUTE: Window = { type: "sliding", size: "1m", every: "1s" };
const LAST_TEN_SECONDS: Window = { type: "sliding", size: "10s", every: "1s" };
/** Who is silent for 15 s has left; who left is counted every half a minute. */
const SESSIONS: Window = { type: "session", gap: "15s", every: "30s" };

/** All of the demo comes from this machine, a moment old: windows need not stay open for long. */
function metric(
  name: string,
  event: string,
  aggregate: string,
  window: Window,
  ...groupBy: string[]
): MetricSource {
  return { name, event, aggregate, window, groupBy, delay: "1s", lateness: "10s" };
}

/** What the agent's host metrics become: one sample a second, so that an average over a second is that sample. */
const SERVERS: MetricSource[] = [
  metric("server_cpu", "host_cpu", "avg(value)", EACH_SECOND),
  metric("server_cpu_by_core", "host_cpu", "avg(value)", EACH_SECOND, "core"),
  metric("server_memory", "host_memory", "avg(value)", EACH_SECOND),
  metric("server_memory_percent", "host_memory", "avg(percent)", EACH_SECOND),
  metric("server_network", "host_network", "avg(value)", EACH_SECOND, "interface", "direction"),
  metric("server_network_total", "host_network", "sum(value)", EACH_SECOND),
  metric("server_disk", "host_disk", "avg(value)", EACH_SECOND, "mount"),
  metric("server_load", "host_load", "avg(value)", EACH_SECOND),
];

const ADS: MetricSource[] = [
  metric("ad_clicks", "ad_click", "count", LAST_MINUTE, "campaign"),
  metric("ad_clicks_all", "ad_click", "count", LAST_MINUTE),
  metric("ad_clicks_per_second", "ad_click", "count", EACH_SECOND, "device"),
  metric("ad_top_sites", "ad_click", "topk(8, site)", LAST_MINUTE),
  metric("ad_impressions", "ad_impression", "rate", LAST_TEN_SECONDS, "placement"),
  metric("ad_people", "ad_impression", "uniques(user)", LAST_MINUTE),
  metric("ad_bid_by_campaign", "ad_impression", "avg(value)", LAST_TEN_SECONDS, "campaign"),
  metric("ad_revenue", "ad_sale", "sum(value)", LAST_MINUTE, "country"),
  metric("ad_sales", "ad_sale", "count", LAST_MINUTE, "campaign"),
  metric("ad_sales_all", "ad_sale", "count", LAST_MINUTE),
];

const GAME: MetricSource[] = [
  // Each region reports its players once a second: the sum over a second is who plays in it.
  metric("players_online", "player_online", "sum(value)", EACH_SECOND, "region"),
  metric("matches_started", "match_start", "count", EACH_SECOND, "mode"),
  metric("matches_rate", "match_start", "rate", LAST_TEN_SECONDS),
  metric("session_length", "game_latency", "p50(duration)", SESSIONS),
  metric("latency_median", "game_latency", "p50(value)", LAST_TEN_SECONDS),
  metric("latency_by_region", "game_latency", "p50(value)", LAST_TEN_SECONDS, "region"),
  metric("latency_p95_by_region", "game_latency", "p95(value)", LAST_MINUTE, "region"),
  metric("latency_p99_by_region", "game_latency", "p99(value)", LAST_MINUTE, "region"),
  metric("latency_spread", "game_latency", "histogram(value)", LAST_TEN_SECONDS, "region"),
  metric("pings", "game_latency", "count", LAST_MINUTE, "region"),
  { ...metric("pings_slow", "game_latency", "count", LAST_MINUTE, "region"), where: "value > 100" },
];

/** The metrics of the demo project. */
export const DEMO_METRICS: readonly MetricSource[] = [...SERVERS, ...ADS, ...GAME];

/** What is computed from them. */
export const DEMO_VIEWS: readonly ViewSource[] = [
  { name: "ad_conversion", ratio: { numerator: "ad_sales_all", denominator: "ad_clicks_all" } },
  { name: "ad_conversion_by_campaign", ratio: { numerator: "ad_sales", denominator: "ad_clicks" } },
  { name: "pings_slow_share", ratio: { numerator: "pings_slow", denominator: "pings" } },
  { name: "players_change", change: { metric: "players_online", ago: "1m" } },
];
