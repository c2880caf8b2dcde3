import type { MetricSource } from "../../protocol/metric.ts";

type Window = MetricSource["window"];

const EACH_SECOND: Window = { type: "tumbling", size: "1s" };
const LAST_MINUTE: Window = { type: "sliding", size: "1m", every: "1s" };
const LAST_TEN_SECONDS: Window = { type: "sliding", size: "10s", every: "1s" };

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
  metric("ad_clicks_per_second", "ad_click", "count", EACH_SECOND, "device"),
  metric("ad_impressions", "ad_impression", "rate", LAST_TEN_SECONDS, "placement"),
  metric("ad_bid", "ad_impression", "avg(value)", LAST_TEN_SECONDS),
  metric("ad_bid_by_campaign", "ad_impression", "avg(value)", LAST_TEN_SECONDS, "campaign"),
  metric("ad_revenue", "ad_sale", "sum(value)", LAST_MINUTE, "country"),
];

const GAME: MetricSource[] = [
  // Each region reports its players once a second: the sum over a second is who plays in it.
  metric("players_online", "player_online", "sum(value)", EACH_SECOND, "region"),
  metric("matches_started", "match_start", "count", EACH_SECOND, "mode"),
  metric("matches_rate", "match_start", "rate", LAST_TEN_SECONDS),
  metric("latency", "game_latency", "avg(value)", LAST_TEN_SECONDS),
  metric("latency_by_region", "game_latency", "avg(value)", EACH_SECOND, "region"),
  metric("latency_worst", "game_latency", "max(value)", LAST_TEN_SECONDS),
  metric("latency_worst_by_region", "game_latency", "max(value)", LAST_TEN_SECONDS, "region"),
];

/** The metrics of the demo project. */
export const DEMO_METRICS: readonly MetricSource[] = [...SERVERS, ...ADS, ...GAME];
