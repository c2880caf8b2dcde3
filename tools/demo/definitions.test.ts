import { expect, test } from "vitest";
import { parseDashboard } from "../../protocol/dashboard.ts";
import { parseMetric } from "../../protocol/metric.ts";
import { DEMO_DASHBOARDS } from "./dashboards.ts";
import { DEMO_METRICS } from "./metrics.ts";
import { seededRandom } from "./randomness.ts";
import { trafficAt } from "./traffic.ts";

const HOST_EVENTS = new Set(["host_cpu", "host_memory", "host_disk", "host_network", "host_load"]);

test.each(DEMO_METRICS.map((metric) => [metric.name, metric] as const))(
  "[M1] the demo's metric %s is valid",
  (name, metric) => {
    const parsed = parseMetric(name, metric);
    expect(parsed.ok ? "" : parsed.message).toBe("");
  },
);

test.each(DEMO_DASHBOARDS.map((board) => [board.name, board] as const))(
  "[O1] the demo's dashboard %s is valid, draws metrics that there are, and fills its rows",
  (name, board) => {
    const parsed = parseDashboard(name, board);
    expect(parsed.ok ? "" : parsed.message).toBe("");
    const known = new Set(DEMO_METRICS.map((metric) => metric.name));
    expect(board.panels.filter((panel) => !known.has(panel.metric))).toEqual([]);
    expect(board.panels.reduce((sum, { width }) => sum + width, 0) % 12).toBe(0);
  },
);

test("[O1] names are told apart, and every metric is drawn", () => {
  const names = DEMO_METRICS.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  const drawn = new Set(DEMO_DASHBOARDS.flatMap(({ panels }) => panels.map(({ metric }) => metric)));
  expect(names.filter((name) => !drawn.has(name))).toEqual([]);
});

test("[O1] every metric has events to count, with the fields that it groups by", () => {
  const events = trafficAt(1_795_000_000_000, 20_000, seededRandom(1));
  const faults = DEMO_METRICS.filter(({ event, groupBy = [], aggregate }) => {
    if (HOST_EVENTS.has(event)) return false;
    const sample = events.find(({ name }) => name === event);
    const grouped = groupBy.every((key) => sample?.props?.[key] !== undefined);
    return !sample || !grouped || (aggregate.endsWith("(value)") && sample.value === undefined);
  });
  expect(faults).toEqual([]);
});
