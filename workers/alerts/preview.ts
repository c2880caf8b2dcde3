import type { Context } from "hono";
import { type DefinitionSource, parseDefinitions } from "../../durable-objects/catalog/definitions.ts";
import { rehearse } from "../../durable-objects/engine/alerts/rehearsal.ts";
import { catalogOf } from "../../durable-objects/env.ts";
import { alertFault, type AlertPreview, type AlertRule, parseAlert } from "../../protocol/alert.ts";
import { LIMITS } from "../../protocol/limits.ts";
import type { Metric } from "../../protocol/metric.ts";
import { isObject } from "../../protocol/result.ts";
import type { QueryAnswer } from "../../protocol/series.ts";
import { inputsOf } from "../../protocol/view.ts";
import { type App, authorize } from "../authorize.ts";
import { HttpError } from "../http-error.ts";
import { jsonBody } from "../json-body.ts";
import { askTiers } from "../query/ask-tiers.ts";

const USUAL_MS = 3_600_000;
/** Of the newest windows, those without a point may only not have been told of yet. */
const UNSETTLED_MS = 10_000;

/** `POST /v1/alerts/preview`: a rule as it would be put; answers what it would have fired in the last hour, or as many points as one answer holds. */
export async function postPreview(c: Context<App>): Promise<Response> {
  const { project } = await authorize(c, "read", "admin");
  const raw = await jsonBody(c);
  const name = isObject(raw) && typeof raw["name"] === "string" ? raw["name"] : "preview";
  const rule = parseAlert(name, raw);
  if (!rule.ok) throw new HttpError(400, "invalid", rule.message);
  const { metric, isView } = await metricOf(c, project, rule.value);
  const { everyMs } = metric.window;
  const toMs = Date.now();
  // A `for` that is longer than an hour can only be seen in more.
  const wantedMs = Math.max(USUAL_MS, 2 * rule.value.forMs);
  const fromMs = toMs - Math.min(wantedMs, (LIMITS.pointsPerSeries - 2) * everyMs);
  const answer = await askTiers(c.env, project, {
    metric: rule.value.metric,
    fromMs,
    toMs,
    upToNow: true,
    ...(rule.value.groups === undefined ? {} : { groups: rule.value.groups }),
    mostPoints: LIMITS.pointsPerSeries,
  });
  if ("ok" in answer)
    throw new HttpError(answer.reason === "unavailable" ? 503 : 400, answer.reason, answer.message);
  const series = "body" in answer ? (JSON.parse(answer.body) as QueryAnswer).series : answer.series;
  const settledMs = toMs - metric.delayMs - UNSETTLED_MS;
  const episodes = rehearse(rule.value, { metric, isView, series, fromMs, toMs: settledMs });
  return c.json({
    from: fromMs,
    to: toMs,
    episodes: episodes.slice(0, LIMITS.answeredEpisodes),
    truncated: episodes.length > LIMITS.answeredEpisodes,
  } satisfies AlertPreview);
}

async function metricOf(
  c: Context<App>,
  project: string,
  rule: AlertRule,
): Promise<{ metric: Metric; isView: boolean }> {
  const sources = (await catalogOf(c.env).metrics(project)) as DefinitionSource[];
  const { metrics, views } = parseDefinitions(sources.map((source) => ({ revision: 0, source })));
  const metricNamed = (name: string) => metrics.find(({ metric }) => metric.name === name)?.metric;
  const view = views.find((each) => each.view.name === rule.metric)?.view;
  const fault = alertFault(rule, { metricOf: metricNamed, viewOf: () => view });
  if (fault !== undefined) throw new HttpError(400, "invalid", fault);
  const metric = metricNamed(view === undefined ? rule.metric : (inputsOf(view)[0] ?? ""));
  if (metric === undefined) throw new HttpError(400, "invalid", `there is no metric '${rule.metric}'`);
  return { metric, isView: view !== undefined };
}
