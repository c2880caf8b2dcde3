import type { Context } from "hono";
import { catalogOf } from "../../durable-objects/env.ts";
import { episodePage, type EpisodePlace, parseCursor } from "../../durable-objects/alerts/episode-pages.ts";
import { type AlertsOfObject, sumStates } from "../../durable-objects/alerts/window-alerts.ts";
import type { AlertsAnswer } from "../../protocol/alert.ts";
import { LIMITS } from "../../protocol/limits.ts";
import type { Silence } from "../../protocol/silence.ts";
import { type App, authorize } from "../authorize.ts";
import { HttpError } from "../http-error.ts";
import { parseInstant } from "../../protocol/time.ts";
import { describe } from "../../protocol/result.ts";

/**
 * `GET /v1/alerts?from=&to=&limit=&cursor=`: how the rules stand, which are silenced, and the alerts that were firing at
 * some time between the two, a page of them.
 */
export async function getAlerts(c: Context<App>): Promise<Response> {
  const { project } = await authorize(c, "read", "admin");
  const nowMs = Date.now();
  const fromMs = instant("from", c.req.query("from") ?? "now-1d", nowMs);
  const toMs = instant("to", c.req.query("to") ?? "now", nowMs);
  if (fromMs > toMs) throw new HttpError(400, "bad_query", `from is ${fromMs}, later than to, ${toMs}`);
  const limit = limitOf(c.req.query("limit"));
  const after = placeOf(c.req.query("cursor"));
  const question = { fromMs, toMs, most: limit + 1, ...(after && { after }) };
  const [answer, silences] = await Promise.all([
    c.env.METRIC_WINDOW.getByName(project).alerts(question),
    catalogOf(c.env).silences(project) as Promise<Silence[]>,
  ]);
  const objects = JSON.parse(answer) as AlertsOfObject[];
  const page = episodePage(objects, limit);
  return c.json({
    from: fromMs,
    to: toMs,
    rules: sumStates(objects.flatMap(({ states }) => states)),
    silences,
    ...page,
    truncated: page.cursor !== undefined,
  } satisfies AlertsAnswer);
}

function limitOf(text: string | undefined): number {
  if (text === undefined) return LIMITS.answeredEpisodes;
  const limit = Number(text);
  if (/^\d{1,9}$/.test(text) && limit >= 1 && limit <= LIMITS.answeredEpisodes) return limit;
  const expected = `expected a whole number from 1 to ${LIMITS.answeredEpisodes}`;
  throw new HttpError(400, "bad_query", `limit is ${describe(text)}; ${expected}`);
}

function placeOf(cursor: string | undefined): EpisodePlace | undefined {
  if (cursor === undefined) return undefined;
  const place = parseCursor(cursor);
  if (place.ok) return place.value;
  throw new HttpError(400, "bad_query", place.message);
}

function instant(field: string, text: string, nowMs: number): number {
  const parsed = parseInstant(text, nowMs);
  if (parsed.ok) return parsed.value;
  const expected = "expected epoch milliseconds, ISO 8601 or now-15m";
  throw new HttpError(400, "bad_query", `${field} is ${describe(text)}; ${expected}`);
}
