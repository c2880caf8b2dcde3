import type { Context } from "hono";
import type { DefinitionSource } from "../../durable-objects/catalog/definitions.ts";
import { catalogOf, settingsOf } from "../../durable-objects/env.ts";
import { itemLabel, parseAggregate } from "../../protocol/aggregate-spec.ts";
import type { Dashboard, Panel } from "../../protocol/dashboard.ts";
import type { MetricSource } from "../../protocol/metric.ts";
import { LIVE_RETENTION_HEADER } from "../../protocol/retention.ts";
import { allowedGroups, type SharedMetric, type SharedView, type ShareScope } from "../../protocol/share.ts";
import { inputsOf, isViewSource, parseView } from "../../protocol/view.ts";
import { type App, authorize } from "../authorize.ts";
import { HttpError } from "../http-error.ts";
import { packPanels } from "./pack-panels.ts";

/** `GET /v1/share/view`: the dashboard of a share token, with the panels that it shows, and how its metrics are drawn. */
export async function getSharedView(c: Context<App>): Promise<Response> {
  const { project, share } = await authorize(c, "share");
  if (share === undefined) throw new HttpError(403, "wrong_role", "this needs the token of a share link");
  const { scope, expiresMs } = share;
  const definitions = (await catalogOf(c.env).metrics(project)) as DefinitionSource[];
  const dashboards = (await catalogOf(c.env).dashboards(project)) as Dashboard[];
  const metrics = scope.metrics.flatMap((name) => drawnMetric(name, definitions) ?? []);
  const dashboard = sharedDashboard(scope, dashboards, metrics);
  const view: SharedView = { dashboard, metrics, expiresAt: expiresMs };
  if (scope.groups !== undefined) view.groups = scope.groups;
  c.header(LIVE_RETENTION_HEADER, String(settingsOf(c.env).liveRetentionMs));
  return c.json(view);
}

/** A dashboard with nothing in it that the link does not show, and no panel that its groups leave empty. */
function sharedDashboard(
  scope: ShareScope,
  dashboards: readonly Dashboard[],
  metrics: readonly SharedMetric[],
): Dashboard {
  const dashboard = dashboards.find(({ name }) => name === scope.dashboard);
  if (dashboard === undefined) {
    const panels = metrics.map(({ name: metric }) => {
      return { title: metric, kind: "line", metric, width: 12, height: 3 } satisfies Panel;
    });
    return { name: "shared", title: "Shared", range: "1h", panels };
  }
  const shown = new Set(metrics.filter((metric) => hasGroups(metric, scope)).map(({ name }) => name));
  const panels = packPanels(
    dashboard.panels,
    ({ metric, groups }) => shown.has(metric) && allowedGroups(groups, scope.groups)?.length !== 0,
  ).map((panel) => heldPanel(panel, scope));
  const { variables, ...rest } = dashboard;
  const offered = variables?.filter(({ metric }) => shown.has(metric)) ?? [];
  return { ...rest, panels, ...(offered.length > 0 && { variables: offered }) };
}

/** A panel that is held to some groups names none beside those that the link shows. */
function heldPanel(panel: Panel, scope: ShareScope): Panel {
  if (panel.groups === undefined || panel.groups.length === 0) return panel;
  return { ...panel, groups: allowedGroups(panel.groups, scope.groups) ?? panel.groups };
}

/** Whether groups of a metric can match those of a link. */
function hasGroups(metric: SharedMetric, { groups }: ShareScope): boolean {
  const keys = groupKeysOf(metric);
  return (
    groups === undefined || groups.some((group) => Object.keys(group).every((key) => keys.includes(key)))
  );
}

/** The keys of a metric's groups: a ranking's items and a histogram's buckets are one, too. */
function groupKeysOf({ groupBy = [], aggregate }: SharedMetric): string[] {
  const parsed = parseAggregate(aggregate);
  const item = parsed.ok ? itemLabel(parsed.value) : undefined;
  return item === undefined ? groupBy : [...groupBy, item];
}

/** What of a link's groups no metric of it can have; undefined: each can be shown by one. */
export function groupsFault(
  { metrics, groups = [] }: ShareScope,
  definitions: readonly DefinitionSource[],
): string | undefined {
  const keysOfEach = metrics.flatMap((name) => {
    const metric = drawnMetric(name, definitions);
    return metric === undefined ? [] : [groupKeysOf(metric)];
  });
  const odd = groups.findIndex(
    (group) => !keysOfEach.some((keys) => Object.keys(group).every((key) => keys.includes(key))),
  );
  if (odd < 0) return undefined;
  const what = `groups[${odd}] is of ${Object.keys(groups[odd] ?? {}).join(", ")}, but no metric of the link is grouped`;
  const known = [...new Set(keysOfEach.flat())];
  return known.length === 0
    ? `${what}; leave groups out`
    : `${what} so; expected keys of one of them: ${known.join(", ")}`;
}

/** What panels need to draw a metric: not which events it takes. Of a view, as of its first metric. */
function drawnMetric(name: string, definitions: readonly DefinitionSource[]): SharedMetric | undefined {
  const source = definitions.find((each) => each.name === name);
  if (source === undefined) return undefined;
  if (!isViewSource(source)) return withoutEvents(source);
  const view = parseView(name, source);
  if (!view.ok) return undefined;
  const first = definitions.find((each) => each.name === inputsOf(view.value)[0]);
  if (first === undefined || isViewSource(first)) return undefined;
  const isFraction = view.value.type === "ratio" || view.value.as === "relative";
  return { ...withoutEvents(first), name, aggregate: "avg(value)", isFraction };
}

function withoutEvents(source: MetricSource): SharedMetric {
  const shown: SharedMetric = { ...source, event: "" };
  delete shown.where;
  return shown;
}
