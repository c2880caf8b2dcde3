import type { Dashboard, Panel, PanelKind, PanelUnit } from "../../protocol/dashboard.ts";

type Extras = Pick<Panel, "top">;

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

const NUMBER = [3, 2] as const;
const HALF = [6, 3] as const;
const WIDE = [8, 3] as const;
const SIDE = [4, 3] as const;
const QUARTER = [3, 3] as const;

const SERVERS: Dashboard = {
  name: "servers",
  title: "Servers",
  range: "5m",
  panels: [
    panel("CPU", "number", "server_cpu", "percent", NUMBER),
    panel("Memory", "number", "server_memory_percent", "percent", NUMBER),
    panel("Network, in and out", "number", "server_network_total", "bytes/s", NUMBER),
    panel("Load", "number", "server_load", "short", NUMBER),
    panel("CPU by core", "line", "server_cpu_by_core", "percent", HALF, { top: 8 }),
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
  panels: [
    panel("Clicks, last minute", "number", "ad_clicks", "short", NUMBER),
    panel("Revenue, last minute, $", "number", "ad_revenue", "short", NUMBER),
    panel("Impressions", "number", "ad_impressions", "per_second", NUMBER),
    panel("Average bid, $", "number", "ad_bid", "short", NUMBER),
    panel("Clicks by campaign, last minute", "line", "ad_clicks", "short", WIDE, { top: 6 }),
    panel("Top campaigns", "toplist", "ad_clicks", "short", SIDE, { top: 6 }),
    panel("Clicks each second", "bars", "ad_clicks_per_second", "short", HALF),
    panel("Revenue by country, last minute, $", "area", "ad_revenue", "short", HALF),
    panel("Impressions by placement", "area", "ad_impressions", "per_second", HALF),
    panel("Average bid by campaign, $", "line", "ad_bid_by_campaign", "short", HALF, { top: 6 }),
  ],
};

const GAME: Dashboard = {
  name: "game",
  title: "Game",
  range: "5m",
  panels: [
    panel("Players online", "number", "players_online", "short", NUMBER),
    panel("Matches started", "number", "matches_rate", "per_second", NUMBER),
    panel("Latency", "number", "latency", "ms", NUMBER),
    panel("Worst latency, last 10 s", "number", "latency_worst", "ms", NUMBER),
    panel("Players by region", "area", "players_online", "short", WIDE),
    panel("Players now", "toplist", "players_online", "short", SIDE),
    panel("Matches started each second, by mode", "bars", "matches_started", "short", HALF),
    panel("Latency by region", "line", "latency_by_region", "ms", HALF),
    panel("Worst latency by region, last 10 s", "line", "latency_worst_by_region", "ms", HALF),
    panel("Worst latency now", "table", "latency_worst_by_region", "ms", HALF),
  ],
};

/** The dashboards of the demo project. */
export const DEMO_DASHBOARDS: readonly Dashboard[] = [SERVERS, ADS, GAME];
