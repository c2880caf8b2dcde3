import { expect, test } from "vitest";
import { compileMetric } from "../../durable-objects/engine/compiled-metric.ts";
import { alertFault, parseAlert } from "../../protocol/alert.ts";
import { parseDashboard } from "../../protocol/dashboard.ts";
import { type Metric, type MetricSource, parseMetric } from "../../protocol/metric.ts";
import { inputsOf, parseView, type View, type ViewSource, viewFault } from "../../protocol/view.ts";
import { DEMO_ALERTS } from "./alerts.ts";
import { DEMO_DASHBOARDS } from "./dashboards.ts";
import { DEMO_METRICS, DEMO_VIEWS } from "./metrics.ts";
import { playersOf } from "./players.ts";
import { seededRandom } from "./randomness.ts";
import { trafficAt } from "./traffic.ts";

const HOST_EVENTS = new Set(["host_cpu", "host_memory", "host_disk", "host_network", "host_load"]);
const NAMES = [...DEMO_METRICS, ...DEMO_VIEWS].map(({ name }) => name);

function metricOf(source: MetricSource): Metric {
  const parsed = parseMetric(source.name, source);
  if (!parsed.ok) throw new Error(parsed.message);
  return parsed.value;
}

function viewOf(source: ViewSource): View {
  const parsed = parseView(source.name, source);
  if (!parsed.ok) throw new Error(parsed.message);
  return parsed.value;
}

test.each(DEMO_METRICS.map((metric) => [metric.name, metric] as const))(
  "[M1] the demo's metric %s is valid",
  (_, metric) => {
    expect(metricOf(metric)).toMatchObject({ name: metric.name });
  },
);

test.each(DEMO_VIEWS.map((view) => [view.name, view] as const))(
  "[M1] the demo's view %s is valid, of metrics that there are",
  (_, source) => {
    const metrics = new Map(DEMO_METRICS.map((metric) => [metric.name, metricOf(metric)]));
    expect(viewFault(viewOf(source), (name) => metrics.get(name))).toBeUndefined();
  },
);

test.each(DEMO_DASHBOARDS.map((board) => [board.name, board] as const))(
  "[O1] the demo's dashboard %s is valid, draws metrics that there are, and fills its rows",
  (name, board) => {
    const parsed = parseDashboard(name, board);
    expect(parsed.ok ? "" : parsed.message).toBe("");
    expect(board.panels.filter((panel) => !NAMES.includes(panel.metric))).toEqual([]);
    // A panel that does not fit goes to the next row and leaves a hole.
    const filled = board.panels.reduce((sum, { width }) => (sum === 12 ? width : sum + width), 0);
    expect(filled).toBe(12);
  },
);

test.each(DEMO_ALERTS.map((rule) => [rule.name, rule] as const))(
  "[A1] the demo's alert %s is valid, and watches what can be watched",
  (name, source) => {
    const parsed = parseAlert(name, source);
    if (!parsed.ok) throw new Error(parsed.message);
    const metrics = new Map(DEMO_METRICS.map((metric) => [metric.name, metricOf(metric)]));
    const views = new Map(DEMO_VIEWS.map((view) => [view.name, viewOf(view)]));
    const inputs = {
      metricOf: (wanted: string) => metrics.get(wanted),
      viewOf: (wanted: string) => views.get(wanted),
    };
    expect(alertFault(parsed.value, inputs)).toBeUndefined();
  },
);

test("[O1] names are told apart, and every metric is drawn or part of a view that is", () => {
  expect(new Set(NAMES).size).toBe(NAMES.length);
  const panels = DEMO_DASHBOARDS.flatMap((board) => board.panels.map(({ metric }) => metric));
  const drawn = new Set([...panels, ...DEMO_VIEWS.flatMap((view) => inputsOf(viewOf(view)))]);
  expect(NAMES.filter((name) => !drawn.has(name))).toEqual([]);
});

test("[O1] every metric has events that it takes, with the fields that it groups by and aggregates", () => {
  const events = trafficAt(1_795_000_000_000, 20_000, seededRandom(1));
  const metrics = DEMO_METRICS.filter(({ event }) => !HOST_EVENTS.has(event)).map(metricOf);
  const without = metrics.filter((metric) => {
    const { accepts = () => true, input, groupKey } = compileMetric({ metric, revision: 1 });
    const isSession = metric.window.type === "session";
    return !events.some(
      (event) =>
        event.name === metric.event &&
        accepts(event) &&
        (isSession ? event.user !== undefined : input(event) !== undefined) &&
        (metric.groupBy.length === 0 || groupKey(event) !== ""),
    );
  });
  expect(without).toEqual([]);
});

test("[O1] sessions end, of many lengths, and players come back", () => {
  const lengthsMs: number[] = [];
  const since = new Map<string, number>();
  for (let ms = 1_795_000_000_000; ms < 1_795_003_600_000; ms += 1_000) {
    const playing = new Set(playersOf("europe", 0, ms));
    for (const [player, beganMs] of since) {
      if (playing.has(player)) continue;
      lengthsMs.push(ms - beganMs);
      since.delete(player);
    }
    for (const player of playing) if (!since.has(player)) since.set(player, ms);
  }
  expect(lengthsMs.length).toBeGreaterThan(500);
  expect(Math.min(...lengthsMs)).toBeLessThan(25_000);
  expect(Math.max(...lengthsMs)).toBeGreaterThan(120_000);
});
