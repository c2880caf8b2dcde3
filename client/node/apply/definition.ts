import { type AlertRule, parseAlert } from "../../../protocol/alert.ts";
import { changedFields } from "../../../protocol/changed-fields.ts";
import { type Dashboard, parseDashboard } from "../../../protocol/dashboard.ts";
import { exceedsBytes, LIMITS, utf8Length } from "../../../protocol/limits.ts";
import { type Metric, parseMetric } from "../../../protocol/metric.ts";
import { describe, fail, isObject, ok, type Result } from "../../../protocol/result.ts";
import { isViewSource, parseView, type View } from "../../../protocol/view.ts";

/** Where the catalog keeps a definition: metrics and views share one set of names. */
export type Shelf = "metrics" | "dashboards" | "alerts";
export type Kind = "metric" | "view" | "dashboard" | "alert";

/** One definition, of a file or of the server. */
export interface Definition {
  kind: Kind;
  name: string;
  /** What the catalog takes and gives back. A dashboard's is complete: the catalog fills in what is left out. */
  source: object;
  /** What it means; absent where the server holds one that this version cannot read. */
  metric?: Metric;
  view?: View;
  dashboard?: Dashboard;
  /** Fields of a dashboard that mean nothing, such as `panels[0].colour`: the catalog does not keep them. */
  unknown?: string[];
  alert?: AlertRule;
}

/** A dashboard's name, as the catalog takes it. */
const DASHBOARD_NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,63}$/;

/** Checks a definition as the server does, as far as that goes without the others. */
export function parseDefinition(shelf: Shelf, raw: unknown): Result<Definition> {
  const what = shelf.slice(0, -1);
  if (!isObject(raw)) return bad(`the ${what} is ${describe(raw)}; expected an object with its name`);
  const { name } = raw;
  if (typeof name !== "string") return bad(`name is ${describe(name)}; expected the ${what}'s name`);
  const text = JSON.stringify(raw);
  if (exceedsBytes(text, LIMITS.definitionBytes)) {
    return bad(`the ${what} has ${utf8Length(text)} bytes; the bound is ${LIMITS.definitionBytes}`);
  }
  if (shelf === "dashboards") return dashboardOf(name, raw);
  if (shelf === "alerts") return alertOf(name, raw);
  return isViewSource(raw) ? viewOf(name, raw) : metricOf(name, raw);
}

/** A definition that the server gave; one that cannot be read is kept as it is. */
export function storedDefinition(shelf: Shelf, raw: { name: string }): Definition {
  const parsed = parseDefinition(shelf, raw);
  if (parsed.ok) return parsed.value;
  const ofMetrics = isViewSource(raw) ? "view" : "metric";
  const kind = shelf === "metrics" ? ofMetrics : shelf === "alerts" ? "alert" : "dashboard";
  return { kind, name: raw.name, source: raw };
}

/** The shelf on which a definition stands. */
export function shelfOf({ kind }: Definition): Shelf {
  if (kind === "dashboard") return "dashboards";
  return kind === "alert" ? "alerts" : "metrics";
}

/** What tells definitions apart. */
export function keyOf(definition: Definition): string {
  return `${shelfOf(definition)}/${definition.name}`;
}

function metricOf(name: string, source: object): Result<Definition> {
  const parsed = parseMetric(name, source);
  return parsed.ok ? ok({ kind: "metric", name, source, metric: parsed.value }) : parsed;
}

function viewOf(name: string, source: object): Result<Definition> {
  const parsed = parseView(name, source);
  return parsed.ok ? ok({ kind: "view", name, source, view: parsed.value }) : parsed;
}

function dashboardOf(name: string, raw: object): Result<Definition> {
  if (!DASHBOARD_NAME.test(name)) {
    return bad(`name is ${describe(name)}; expected letters, digits, _ . -, at most 64`);
  }
  const parsed = parseDashboard(name, raw);
  if (!parsed.ok) return parsed;
  const unknown = changedFields(raw, parsed.value).filter(({ after }) => after === undefined);
  return ok({
    kind: "dashboard",
    name,
    source: parsed.value,
    dashboard: parsed.value,
    ...(unknown.length > 0 && { unknown: unknown.map(({ path }) => path) }),
  });
}

function alertOf(name: string, source: object): Result<Definition> {
  const parsed = parseAlert(name, source);
  return parsed.ok ? ok({ kind: "alert", name, source, alert: parsed.value }) : parsed;
}

function bad(message: string): { ok: false; reason: string; message: string } {
  return fail("definition", message);
}
