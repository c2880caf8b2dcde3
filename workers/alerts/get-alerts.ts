import type { Context } from "hono";
import { catalogOf } from "../../durable-objects/env.ts";
import { type AlertsOfObject, sumStates } from "../../durable-objects/window-alerts.ts";
import type { AlertsAnswer } from "../../protocol/alert.ts";
import { LIMITS } from "../../protocol/limits.ts";
import type { Silence } from "../../protocol/silence.ts";
import { type App, authorize } from "../authorize.ts";
import { HttpError } from "../http-error.ts";
import { parseInstant } from "../../protocol/time.ts";
import { describe } from "../../protocol/result.ts";

/** `GET /v1/alerts?from=&to=`: how the rules stand, which are silenced, and the alerts that were firing at some time between the two. */
export async function getAlerts(c: Context<App>): Promise<Response> {
  const { project } = await authorize(c, "read", "admin");
  const nowMs = Date.now();
  const fromMs = instant("from", c.req.query("from") ?? "now-1d", nowMs);
  const toMs = instant("to", c.req.query("to") ?? "now", nowMs);
  if (fromMs > toMs) throw new HttpError(400, "bad_query", `from is ${fromMs}, later than to, ${toMs}`);
  const most = LIMITS.answeredEpisodes + 1;
  const [answer, silences] = await Promise.all([
    c.env.METRIC_WINDOW.getByName(project).alerts(fromMs, toMs, most),
    catalogOf(c.env).silences(project) as Promise<Silence[]>,
  ]);
  const objects = JSON.parse(answer) as AlertsOfObject[];
  const episodes = objects.flatMap((each) => each.episodes).sort((a, b) => b.firedAt - a.firedAt);
  return c.json({
    rules: sumStates(objects.flatMap(({ states }) => states)),
    silences,
    episodes: episodes.slice(0, LIMITS.answeredEpisodes),
    truncated: episodes.length > LIMITS.answeredEpisodes,
  } satisfies AlertsAnswer);
}

function instant(field: string, text: string, nowMs: number): number {
  const parsed = parseInstant(text, nowMs);
  if (parsed.ok) return parsed.value;
  const expected = "expected epoch milliseconds, ISO 8601 or now-15m";
  throw new HttpError(400, "bad_query", `${field} is ${describe(text)}; ${expected}`);
}
