import { LIMITS } from "./limits.ts";
import { type Annotation, parseAnnotation, parseThreshold, type Threshold } from "./panel-marks.ts";
import { describe, fail, isObject, ok, type Result } from "./result.ts";
import { type Group, groupListFault } from "./series.ts";
import { parseDuration } from "./time.ts";

export const PANEL_KINDS = ["line", "area", "bars", "number", "toplist", "heatmap", "table"] as const;
export type PanelKind = (typeof PANEL_KINDS)[number];

/** How values read: `short` is 1.2k; the rest carry their unit. */
export const PANEL_UNITS = [
  "short",
  "percent",
  "bytes",
  "bytes/s",
  "bits/s",
  "ms",
  "s",
  "per_second",
  "usd",
  "eur",
] as const;
export type PanelUnit = (typeof PANEL_UNITS)[number];

/** One panel: a metric drawn in one way. The grid has 12 columns. */
export interface Panel {
  title: string;
  kind: PanelKind;
  metric: string;
  /** A duration: how much of the past is drawn. Absent: the dashboard's. */
  range?: string;
  groups?: Group[];
  unit?: PanelUnit;
  /** Groups shown at most, the largest by their newest value. */
  top?: number;
  thresholds?: Threshold[];
  /** Columns of 12, and rows of the grid. */
  width: number;
  height: number;
}

/** A choice above the panels: the value of one `groupBy` key, which every panel whose metric has that key is held to. */
export interface Variable {
  /** The key. */
  name: string;
  title: string;
  /** The metric whose groups are offered. */
  metric: string;
}

export interface Dashboard {
  name: string;
  title: string;
  range: string;
  panels: Panel[];
  annotations?: Annotation[];
  variables?: Variable[];
}

/** Checks a dashboard as `PUT /v1/catalog/dashboards/{name}` receives it; each message names the field. */
export function parseDashboard(name: string, raw: unknown): Result<Dashboard> {
  if (!isObject(raw)) return fail("dashboard", `the dashboard is ${describe(raw)}; expected an object`);
  const { title = name, range = "15m" } = raw;
  if (raw["name"] !== undefined && raw["name"] !== name) {
    return fail("dashboard", `name is ${describe(raw["name"])}; the path says '${name}'`);
  }
  if (typeof title !== "string") return bad("title", title, "a string");
  if (parseDuration(range) === undefined) return bad("range", range, "a duration such as '15m'");
  const panels = parseList("panels", raw["panels"], LIMITS.panelsPerDashboard, parsePanel);
  if (!panels.ok) return panels;
  const annotations = parseOptional(raw, "annotations", LIMITS.annotationsPerDashboard, parseAnnotation);
  if (!annotations.ok) return annotations;
  const variables = parseOptional(raw, "variables", LIMITS.variablesPerDashboard, parseVariable);
  if (!variables.ok) return variables;
  const dashboard = { name, title, range: range as string, panels: panels.value };
  return ok({ ...dashboard, ...annotations.value, ...variables.value });
}

function parsePanel(at: string, raw: unknown): Result<Panel> {
  if (!isObject(raw)) return fail("dashboard", `${at} is ${describe(raw)}; expected an object`);
  const { title, kind, metric, range, groups, unit, top, width = 6, height = 2 } = raw;
  if (typeof title !== "string") return bad(`${at}.title`, title, "a string");
  if (!PANEL_KINDS.includes(kind as PanelKind)) {
    return bad(`${at}.kind`, kind, `one of ${PANEL_KINDS.join(", ")}`);
  }
  if (typeof metric !== "string") return bad(`${at}.metric`, metric, "a string");
  if (range !== undefined && parseDuration(range) === undefined) {
    return bad(`${at}.range`, range, "a duration such as '15m'");
  }
  if (unit !== undefined && !PANEL_UNITS.includes(unit as PanelUnit)) {
    return bad(`${at}.unit`, unit, `one of ${PANEL_UNITS.join(", ")}`);
  }
  const groupFault = groups === undefined ? undefined : groupListFault(groups, `${at}.groups`);
  if (groupFault !== undefined) return fail("dashboard", groupFault);
  for (const [field, value, most] of [
    ["top", top ?? 1, 1000],
    ["width", width, 12],
    ["height", height, 12],
  ] as const) {
    if (!Number.isInteger(value) || (value as number) < 1 || (value as number) > most) {
      return bad(`${at}.${field}`, value, `a whole number from 1 to ${most}`);
    }
  }
  const thresholds = parseOptional(raw, "thresholds", LIMITS.thresholdsPerPanel, parseThreshold, `${at}.`);
  if (!thresholds.ok) return thresholds;
  const panel: Panel = {
    title,
    kind: kind as PanelKind,
    metric,
    width: width as number,
    height: height as number,
  };
  if (range !== undefined) panel.range = range as string;
  if (groups !== undefined) panel.groups = groups as Group[];
  if (unit !== undefined) panel.unit = unit as PanelUnit;
  if (top !== undefined) panel.top = top as number;
  return ok({ ...panel, ...thresholds.value });
}

function parseVariable(at: string, raw: unknown): Result<Variable> {
  if (!isObject(raw)) return fail("dashboard", `${at} is ${describe(raw)}; expected an object`);
  const { name, title = name, metric } = raw;
  if (typeof name !== "string" || name === "") return bad(`${at}.name`, name, "a metric's groupBy key");
  if (typeof title !== "string") return bad(`${at}.title`, title, "a string");
  if (typeof metric !== "string") return bad(`${at}.metric`, metric, "a string");
  return ok({ name, title, metric });
}

type ParseEntry<T> = (at: string, raw: unknown) => Result<T>;

function parseList<T>(at: string, raw: unknown, most: number, parse: ParseEntry<T>): Result<T[]> {
  if (!Array.isArray(raw)) return bad(at, raw, "a list");
  if (raw.length > most) return fail("dashboard", `${at} has ${raw.length} entries; the bound is ${most}`);
  const parsed: T[] = [];
  for (const [index, entry] of raw.entries()) {
    const result = parse(`${at}[${index}]`, entry);
    if (!result.ok) return result;
    parsed.push(result.value);
  }
  return ok(parsed);
}

/** A list that may be left out: then nothing stands in its place, either. */
function parseOptional<K extends string, T>(
  raw: Record<string, unknown>,
  field: K,
  most: number,
  parse: ParseEntry<T>,
  prefix = "",
): Result<Partial<Record<K, T[]>>> {
  if (raw[field] === undefined) return ok({});
  const list = parseList(prefix + field, raw[field], most, parse);
  return list.ok ? ok({ [field]: list.value } as Record<K, T[]>) : list;
}

function bad(at: string, value: unknown, expected: string): Result<never> {
  return fail("dashboard", `${at} is ${describe(value)}; expected ${expected}`);
}
