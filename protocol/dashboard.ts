import { LIMITS } from "./limits.ts";
import { describe, fail, isObject, ok, type Result } from "./result.ts";
import { type Group, isGroupList } from "./series.ts";
import { parseDuration } from "./time.ts";

export const PANEL_KINDS = ["line", "area", "bars", "number", "toplist", "table"] as const;
export type PanelKind = (typeof PANEL_KINDS)[number];

/** How values read: `short` is 1.2k; the rest carry their unit. */
export const PANEL_UNITS = ["short", "percent", "bytes", "bytes/s", "ms", "s", "per_second"] as const;
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
  /** Columns of 12, and rows of the grid. */
  width: number;
  height: number;
}

export interface Dashboard {
  name: string;
  title: string;
  range: string;
  panels: Panel[];
}

/** Checks a dashboard as `PUT /v1/catalog/dashboards/{name}` receives it; each message names the field. */
export function parseDashboard(name: string, raw: unknown): Result<Dashboard> {
  if (!isObject(raw)) return fail("dashboard", `the dashboard is ${describe(raw)}; expected an object`);
  const { title = name, range = "15m", panels } = raw;
  if (raw["name"] !== undefined && raw["name"] !== name) {
    return fail("dashboard", `name is ${describe(raw["name"])}; the path says '${name}'`);
  }
  if (typeof title !== "string") return fail("dashboard", `title is ${describe(title)}; expected a string`);
  if (parseDuration(range) === undefined) {
    return fail("dashboard", `range is ${describe(range)}; expected a duration such as '15m'`);
  }
  if (!Array.isArray(panels)) return fail("dashboard", `panels is ${describe(panels)}; expected a list`);
  if (panels.length > LIMITS.panelsPerDashboard) {
    return fail(
      "dashboard",
      `panels has ${panels.length} entries; the bound is ${LIMITS.panelsPerDashboard}`,
    );
  }
  const parsed: Panel[] = [];
  for (const [index, panel] of panels.entries()) {
    const result = parsePanel(`panels[${index}]`, panel);
    if (!result.ok) return result;
    parsed.push(result.value);
  }
  return ok({ name, title, range: range as string, panels: parsed });
}

function parsePanel(at: string, raw: unknown): Result<Panel> {
  if (!isObject(raw)) return fail("dashboard", `${at} is ${describe(raw)}; expected an object`);
  const { title, kind, metric, range, groups, unit, top, width = 6, height = 2 } = raw;
  if (typeof title !== "string")
    return fail("dashboard", `${at}.title is ${describe(title)}; expected a string`);
  if (!PANEL_KINDS.includes(kind as PanelKind)) {
    return fail("dashboard", `${at}.kind is ${describe(kind)}; expected one of ${PANEL_KINDS.join(", ")}`);
  }
  if (typeof metric !== "string")
    return fail("dashboard", `${at}.metric is ${describe(metric)}; expected a string`);
  if (range !== undefined && parseDuration(range) === undefined) {
    return fail("dashboard", `${at}.range is ${describe(range)}; expected a duration such as '15m'`);
  }
  if (unit !== undefined && !PANEL_UNITS.includes(unit as PanelUnit)) {
    return fail("dashboard", `${at}.unit is ${describe(unit)}; expected one of ${PANEL_UNITS.join(", ")}`);
  }
  if (groups !== undefined && !isGroupList(groups)) {
    const expected = 'expected a list of objects such as {"campaign":"a"}';
    return fail("dashboard", `${at}.groups is ${describe(groups)}; ${expected}`);
  }
  for (const [field, value, most] of [
    ["top", top ?? 1, 1000],
    ["width", width, 12],
    ["height", height, 12],
  ] as const) {
    if (!Number.isInteger(value) || (value as number) < 1 || (value as number) > most) {
      return fail(
        "dashboard",
        `${at}.${field} is ${describe(value)}; expected a whole number from 1 to ${most}`,
      );
    }
  }
  const panel: Panel = {
    title,
    kind: kind as PanelKind,
    metric,
    width: width as number,
    height: height as number,
  };
  if (range !== undefined) panel.range = range as string;
  if (groups !== undefined) panel.groups = groups;
  if (unit !== undefined) panel.unit = unit as PanelUnit;
  if (top !== undefined) panel.top = top as number;
  return ok(panel);
}
