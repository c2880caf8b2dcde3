import type { Context } from "hono";
import { LIMITS } from "../../protocol/limits.ts";
import { describe, isObject } from "../../protocol/result.ts";
import type { Group } from "../../protocol/series.ts";
import { parseDuration, parseInstant } from "../../protocol/time.ts";
import { matchesGroups } from "../../durable-objects/engine/group-key.ts";
import { settingsOf } from "../../durable-objects/env.ts";
import { tiersOf } from "../../durable-objects/tiers/plan.ts";
import type { Refusal, WindowQuery } from "../../durable-objects/window/window-query.ts";
import { type App, authorize } from "../authorize.ts";
import { HttpError, unavailable } from "../http-error.ts";
import { readableGroups } from "../share/shared-access.ts";
import { askTiers } from "./ask-tiers.ts";

const RETRY_AFTER_MS = 1_000;

/**
 * `GET /v1/query?metric=&from=&to=&step=&group=&limit=`. With `limit`, a page of so many steps; `next` of its answer is `from` of the
 * next one.
 */
export async function getQuery(c: Context<App>): Promise<Response> {
  const grant = await authorize(c, "read", "admin", "share");
  const nowMs = Date.now();
  const metric = c.req.query("metric");
  if (metric === undefined || metric === "") throw badQuery("metric is missing; expected a metric's name");
  const fromMs = instant("from", c.req.query("from") ?? "now-15m", nowMs);
  const askedMs = instant("to", c.req.query("to") ?? "now", nowMs);
  if (fromMs > askedMs) throw badQuery(`from is ${fromMs}, later than to, ${askedMs}`);
  // No event is of a time that is further ahead: what is asked beyond would only make steps coarser and pages empty.
  const toMs = Math.min(askedMs, Math.max(fromMs, nowMs + settingsOf(c.env).futureLimitMs));
  const stepMs = step(c.req.query("step"));
  const pageSteps = limit(c.req.query("limit"), stepMs);
  const groups = readableGroups(grant, metric, (c.req.queries("group") ?? []).map(groupMatcher)) ?? [];
  const query: WindowQuery = {
    metric,
    fromMs,
    toMs,
    upToNow: toMs >= nowMs,
    ...(stepMs === undefined ? {} : { stepMs }),
    ...(groups.length === 0 ? {} : { groups }),
    ...(pageSteps === undefined ? {} : { pageSteps }),
    mostPoints: LIMITS.pointsPerSeries,
  };
  const answer = await askTiers(c.env, grant.project, query);
  if ("ok" in answer) throw refused(answer);
  if ("body" in answer) return c.body(answer.body, 200, { "content-type": "application/json" });
  const { plan, cold } = answer;
  const series = answer.series.filter(({ group }) => matchesGroups(group, query.groups));
  const { requests, bytes } = cold;
  const { inputs, nextMs } = plan;
  // A tier that did not answer was done without since it was planned.
  const tiers = tiersOf(inputs[0]?.plan ?? { stepMs: plan.stepMs, parts: [] }, plan.fromMs, plan.toMs);
  const next = nextMs === undefined ? {} : { next: nextMs };
  return c.json({ metric, series, tiers, ...next, read: { requests, bytes } });
}

function refused({ reason, message }: Refusal): HttpError {
  if (reason === "unavailable") return unavailable(message, RETRY_AFTER_MS);
  return new HttpError(reason === "unknown_metric" ? 404 : 400, reason, message);
}

function instant(field: string, text: string, nowMs: number): number {
  const parsed = parseInstant(text, nowMs);
  if (parsed.ok) return parsed.value;
  throw badQuery(`${field} is ${describe(text)}; expected epoch milliseconds, ISO 8601 or now-15m`);
}

function step(text: string | undefined): number | undefined {
  if (text === undefined || text === "") return undefined;
  const ms = /^\d{1,15}$/.test(text) ? Number(text) : parseDuration(text);
  if (ms === undefined || ms < 1)
    throw badQuery(`step is ${describe(text)}; expected a duration such as 10s, or milliseconds`);
  return ms;
}

/** Points of each series in one page. */
function limit(text: string | undefined, stepMs: number | undefined): number | undefined {
  if (text === undefined || text === "") return undefined;
  const points = /^\d{1,15}$/.test(text) ? Number(text) : 0;
  if (points < 1 || points > LIMITS.pointsPerSeries) {
    throw badQuery(
      `limit is ${describe(text)}; expected a whole number of points a series, from 1 to ${LIMITS.pointsPerSeries}`,
    );
  }
  if (stepMs === undefined)
    throw badQuery("limit is given without step; pages follow one another at one step");
  return points;
}

/** A group as JSON, `{"campaign":"a"}`, or as `campaign:a,country:DE`. */
function groupMatcher(text: string): Group {
  if (!text.startsWith("{")) {
    const pairs = text.split(",").map((pair) => /^([^:=]+)[:=](.*)$/.exec(pair));
    if (pairs.every((pair) => pair !== null))
      return Object.fromEntries(pairs.map(([, name = "", value = ""]) => [name, value]));
  } else {
    try {
      const group: unknown = JSON.parse(text);
      if (isObject(group) && Object.values(group).every((value) => typeof value !== "object"))
        return Object.fromEntries(Object.entries(group).map(([name, value]) => [name, String(value)]));
    } catch {
      // Said below.
    }
  }
  throw badQuery(`group is ${describe(text)}; expected {"campaign":"a"} or campaign:a`);
}

function badQuery(message: string): HttpError {
  return new HttpError(400, "bad_query", message);
}
