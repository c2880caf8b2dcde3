import type { Env } from "../../durable-objects/env.ts";
import type { Refusal, StitchPlan, WindowQuery } from "../../durable-objects/window/window-query.ts";
import type { Series } from "../../protocol/series.ts";
import { type ColdReads, TieredReader } from "./tiered-reader.ts";

/** JSON of the window objects' own answer, or what was read by a plan: as the plan now is, with what it came to cost. */
export type TierAnswer = { body: string } | { plan: StitchPlan; series: Series[]; cold: ColdReads };

/** Points move for milliseconds, every quarter of an hour: who meets that five times in a row is told to come back. */
const MOST_TRIES = 5;

/** Asks a project's window objects, and reads from all tiers what they alone do not have. What moves meanwhile is planned again. */
export async function askTiers(env: Env, project: string, query: WindowQuery): Promise<TierAnswer | Refusal> {
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    const outcome = await env.METRIC_WINDOW.getByName(project).query(query);
    if (outcome.ok && "body" in outcome) return { body: outcome.body };
    const answer = outcome.ok ? await readPlan(env, project, outcome.plan, query) : outcome;
    if (!("ok" in answer) || answer.reason !== "moved") return answer;
  }
  const message = `points of '${query.metric}' moved to another tier ${MOST_TRIES} times while they were read; ask again`;
  return { ok: false, reason: "unavailable", message };
}

async function readPlan(
  env: Env,
  project: string,
  text: string,
  { groups }: WindowQuery,
): Promise<Exclude<TierAnswer, { body: string }> | Refusal> {
  const plan = JSON.parse(text) as StitchPlan;
  const reader = new TieredReader(env, project);
  const series = await reader.read(plan, groups);
  return Array.isArray(series) ? { plan, series, cold: reader.cold } : series;
}
