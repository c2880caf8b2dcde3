import type { Dashboard, Panel, PanelKind, PanelUnit } from "../../protocol/dashboard.ts";
import type { Threshold } from "../../protocol/panel-marks.ts";

type Extras = Pick<Panel, "top" | "thresholds">;

function panel(
  title: string,
  kind: PanelKind,
  metric: string,
  unit: PanelUnit,
  [width, height]: readonly [number, number],
  extras: Extras = {},
): Panel {
  return { title, kind, metric, unit, width, height, ...extras };
}

/** A warning from the first value on, critical from the second. */
function limits(warning: number, critical: number): Threshold[] {
  return [
    { value: warning, tone: "warning", when: "above" },
    { value: critical, tone: "critical", when: "above" },
  ];
}

const NUMBER = [3, 2] as const;
const HALF = [6, 3] as const;
const FULL = [12, 3] as const;
const WIDE = [8, 3] as const;
const SIDE = [4, 3] as const;
const QUARTER = [3, 3] as const;

const SERVERS: Dashboard = {
  name: "servers",
  title: "Servers",
  range: "5m",
  panels: [
    panel("CPU", "number", "server_cpu", "percent", NUMBER, { thresholds: limits(75, 90) }),
    panel("Memory", "number", "server_memory_percent", "percent", NUMBER, { thresholds: limits(80, 95) }),
    panel("Network", "number", "server_network_total", "bytes/s", NUMBER),
    panel("Load", "number", "server_load", "short", NUMBER),
    panel("CPU by core", "line", "server_cpu_by_core", "percent", HALF, {
      top: 8,
      thresholds: limits(75, 90),
    }),
    panel("Memory in use", "area", "server_memory", "bytes", HALF),
    panel("Network by interface", "line", "server_network", "bytes/s", HALF, { top: 6 }),
    panel("Load over time", "line", "server_load", "short", QUARTER),
    panel("Disks, used", "toplist", "server_disk", "percent", QUARTER, { top: 6 }),
  ],
};

const ADS: Dashboard = {
  name: "ads",
  title: "Ads",
  range: "5m",
  variables: [{ name: "campaign", title: "Campaign", metric: "ad_clicks" }],
  panels: [
    panel("Clicks a minute", "number", "ad_clicks", "short", NUMBER),
    panel("Revenue a minute", "number", "ad_revenue", "usd", NUMBER),
    panel("People a minute", "number", "ad_people", "short", NUMBER),
    panel("Conversion", "number", "ad_conversion", "percent", NUMBER),
    panel("Clicks by campaign, last minute", "line", "ad_clicks", "short", WIDE, { top: 6 }),
    panel("Top campaigns", "toplist", "ad_clicks", "short", SIDE, { top: 6 }),
    panel("Clicks each second", "bars", "ad_clicks_per_second", "short", HALF),
    panel("Impressions by placement", "area", "ad_impressions", "per_second", HALF),
    panel("Revenue by country, last minute", "area", "ad_revenue", "usd", WIDE),
    panel("Conversion by campaign", "toplist", "ad_conversion_by_campaign", "percent", SIDE, { top: 6 }),
    panel("Average bid by campaign", "line", "ad_bid_by_campaign", "usd", WIDE, { top: 6 }),
    panel("Top sites by clicks, last minute", "toplist", "ad_top_sites", "short", SIDE, { top: 8 }),
  ],
};

const GAME: Dashboard = {
  name: "game",
  title: "Game",
  range: "5m",
  panels: [
    panel("Players online", "number", "players_online", "short", NUMBER),
    panel("Matches started", "number", "matches_rate", "per_second", NUMBER),
    panel("Median session", "number", "session_length", "ms", NUMBER),
    panel("Median latency", "number", "latency_median", "ms", NUMBER),
    panel("Players by region", "area", "players_online", "short", WIDE),
    panel("Players now", "toplist", "players_online", "short", SIDE),
    panel("Matches started each second, by mode", "bars", "matches_started", "short", HALF),
    panel("Players against a minute ago", "line", "players_change", "percent", HALF),
    panel("Median latency by region", "line", "latency_by_region", "ms", HALF, {
      thresholds: limits(100, 150),
    }),
    panel("p95 latency by region", "heatmap", "latency_p95_by_region", "ms", HALF),
    panel("Latency of all pings", "heatmap", "latency_spread", "ms", FULL, {
      thresholds: limits(100, 150),
    }),
    panel("Pings over 100 ms, last minute", "line", "pings_slow_share", "percent", HALF),
    panel("p99 latency by region", "table", "latency_p99_by_region", "ms", HALF),
  ],
};

/** The dashboards of the demo project. */
export const DEMO_DASHBOARDS: readonly Dashboard[] = [SERVERS, ADS, GAME];
