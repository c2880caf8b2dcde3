import type { Dashboard, Panel } from "../../protocol/dashboard.ts";
import type { MetricSource } from "../../protocol/metric.ts";
import type { NamedMetrics } from "./panel-names.ts";

/** What is being built: a dashboard, and the metrics that it brings along. */
export interface Draft {
  dashboard: Dashboard;
  /** Definitions that are new or changed, by name. */
  metrics: Readonly<Record<string, MetricSource>>;
}

const COLUMNS = 12;
const MOST_ROWS = 12;

/** A dashboard that is not in the catalog yet. */
export function newDraft(taken: readonly string[]): Draft {
  const name = freeName("dashboard", taken);
  return { dashboard: { name, title: "New dashboard", range: "15m", panels: [] }, metrics: {} };
}

/** The first of `base`, `base_2`, `base_3` … that is not taken. */
export function freeName(base: string, taken: readonly string[]): string {
  if (!taken.includes(base)) return base;
  for (let i = 2; ; i++) if (!taken.includes(`${base}_${i}`)) return `${base}_${i}`;
}

/** A name that may stand in an address and in a file: of "Ad clicks, live" `ad_clicks_live`. */
export function nameFrom(title: string): string {
  const name = title
    .toLowerCase()
    .normalize("NFKD")
    .replaceAll(/[\u0300-\u036f]/g, "")
    .replaceAll(/[^a-z0-9]+/g, "_")
    .replaceAll(/^_+|_+$/g, "")
    .slice(0, 60);
  return name === "" ? "dashboard" : name;
}

/** A definition by its name. What an object inherits is none: a metric may be called `constructor`. */
export function named<T>(definitions: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(definitions, name) ? definitions[name] : undefined;
}

export function withPanels(draft: Draft, panels: Panel[]): Draft {
  return { ...draft, dashboard: { ...draft.dashboard, panels } };
}

/** Puts a panel where `index` is, or at the end, with the definition of its metric if that is new or changed. */
export function putPanel(
  draft: Draft,
  panel: Panel,
  index: number | undefined,
  metric: MetricSource | undefined,
): Draft {
  const { panels } = draft.dashboard;
  const next = index === undefined ? [...panels, panel] : panels.with(index, panel);
  const metrics = metric === undefined ? draft.metrics : { ...draft.metrics, [metric.name]: metric };
  return onlyUsed(withPanels({ ...draft, metrics }, next));
}

export function removePanel(draft: Draft, index: number): Draft {
  return onlyUsed(
    withPanels(
      draft,
      draft.dashboard.panels.filter((_, i) => i !== index),
    ),
  );
}

/** What has the names of metrics for the form of a panel: the catalog's and the draft's, but what only this panel brings along. */
export function namedFor(panel: Panel | undefined, draft: Draft, stored: NamedMetrics): NamedMetrics {
  const named = new Map(stored);
  const shown = draft.dashboard.panels.filter(({ metric }) => metric === panel?.metric).length;
  for (const own of Object.values(draft.metrics)) {
    const isOfPanel = own.name === panel?.metric;
    if (!isOfPanel || (shown > 1 && !stored.has(own.name))) named.set(own.name, own);
  }
  return named;
}

/** Moves a panel to another place in the order in which the grid is filled. */
export function movePanel(draft: Draft, from: number, to: number): Draft {
  const { panels } = draft.dashboard;
  const panel = panels[from];
  const target = clamp(to, 0, panels.length - 1);
  if (panel === undefined || target === from) return draft;
  return withPanels(draft, panels.filter((_, i) => i !== from).toSpliced(target, 0, panel));
}

/** Gives a panel another size, within what the grid has. */
export function resizePanel(draft: Draft, index: number, width: number, height: number): Draft {
  const { panels } = draft.dashboard;
  const panel = panels[index];
  if (panel === undefined) return draft;
  const size = { width: clamp(width, 2, COLUMNS), height: clamp(height, 1, MOST_ROWS) };
  if (size.width === panel.width && size.height === panel.height) return draft;
  return withPanels(draft, panels.with(index, { ...panel, ...size }));
}

/** The file that `freshet apply` takes: the draft's metrics and its dashboard. */
export function fileOf({ dashboard, metrics }: Draft): string {
  return `${JSON.stringify({ metrics: Object.values(metrics), dashboards: [dashboard] }, null, 2)}\n`;
}

/** A definition that no panel shows any more is not brought along. */
function onlyUsed(draft: Draft): Draft {
  const used = new Set(draft.dashboard.panels.map(({ metric }) => metric));
  const metrics = Object.fromEntries(Object.entries(draft.metrics).filter(([name]) => used.has(name)));
  return { ...draft, metrics };
}

function clamp(value: number, least: number, most: number): number {
  return Math.max(least, Math.min(most, Math.round(value)));
}
