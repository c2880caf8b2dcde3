import type { Context } from "hono";
import type { Definitions } from "../../durable-objects/catalog/definitions.ts";
import { compileMetric } from "../../durable-objects/engine/compiled-metric.ts";
import { partitionOf } from "../../durable-objects/engine/hash.ts";
import { catalogOf, type Env, settingsOf } from "../../durable-objects/env.ts";
import type { EventName, FoundEvent } from "../../durable-objects/log-viewer.ts";
import type { MetricStanding } from "../../durable-objects/window/metric-standing.ts";
import { type TracedEvent, traceMetric } from "../../durable-objects/observe/trace-metric.ts";
import { exceedsBytes, LIMITS } from "../../protocol/limits.ts";
import type { Trace, TracedMetric } from "../../protocol/observe.ts";
import { describe } from "../../protocol/result.ts";
import type { QueryAnswer } from "../../protocol/series.ts";
import type { App } from "../authorize.ts";
import { HttpError } from "../http-error.ts";
import { authorizeRaw } from "./raw-access.ts";
import { askViewers } from "./viewers.ts";

/** Metrics that are traced for one event. */
const MOST_METRICS = 30;

/**
 * `GET /v1/events/trace?partition=&offset=&line=` or `?batch=`: the way of one event, or of the first one of a batch,
 * as far as each stage knows it.
 */
export async function getTrace(c: Context<App>): Promise<Response> {
  const { project } = await authorizeRaw(c);
  const { partition, name } = nameOf(c, project);
  const [found] = await askViewers<FoundEvent | null>(
    c.env,
    (viewer) => viewer.find(project, name),
    partition,
  );
  if (!found) {
    const where = "batch" in name ? `a batch ${describe(name.batch)} among the newest records` : "this event";
    throw new HttpError(404, "unknown_event", `the log does not hold ${where} of the project`);
  }
  return c.json(await traceOf(c.env, project, found));
}

async function traceOf(env: Env, project: string, found: FoundEvent): Promise<Trace> {
  const { place, event, batch, receivedAtMs, appendedAtMs, endOffset } = found;
  const windows = env.METRIC_WINDOW.getByName(project);
  const [reader, archive, definitions, standings] = await Promise.all([
    env.PARTITION_READER.getByName(String(place.partition)).readerAt(place.offset),
    archivedOf(env, project, found),
    catalogOf(env).definitions(project) as Promise<Definitions>,
    windows.standings() as Promise<MetricStanding[]>,
  ]);
  const isFolded = place.offset < reader.nextOffset;
  const traced: TracedEvent = { ...place, event, receivedAtMs, isFolded };
  const concerned = definitions.metrics.filter(({ metric }) => metric.event === event.name);
  const metrics = concerned.slice(0, MOST_METRICS).map((defined) => {
    const standing = standings.find(({ metric }) => metric === defined.metric.name);
    const inMetric = traceMetric(traced, compileMetric(defined), standing);
    return withValue(env, project, inMetric, defined.metric.window.everyMs);
  });
  return {
    place,
    event,
    batch,
    received: { atMs: receivedAtMs, behindMs: receivedAtMs - event.ts },
    logged: {
      log: settingsOf(env).kafka === undefined ? "embedded" : "kafka",
      endOffset,
      ...(appendedAtMs === undefined ? {} : { atMs: appendedAtMs }),
    },
    folded: { state: isFolded ? "done" : "waiting", ...reader },
    metrics: await Promise.all(metrics),
    metricsLeftOut: concerned.length - metrics.length,
    archived: archive,
  };
}

async function archivedOf(
  env: Env,
  project: string,
  { place, event }: FoundEvent,
): Promise<Trace["archived"]> {
  if (env.ARCHIVE === undefined) return { state: "none", nextOffset: 0 };
  const archiver = env.ARCHIVER.getByName(String(place.partition));
  const { path, stats } = await archiver.archivedAt(project, place.offset, event.ts);
  const { nextOffset, waitingSinceMs } = stats;
  if (path !== undefined) return { state: "done", path, nextOffset };
  if (waitingSinceMs === undefined) return { state: "waiting", nextOffset };
  const dueMs = waitingSinceMs + settingsOf(env).archiveEveryMs;
  return { state: "waiting", nextOffset, waitingSinceMs, dueMs };
}

/** What the event's group has in its first window: a point that can be read is the proof that it was folded. */
async function withValue(
  env: Env,
  project: string,
  traced: TracedMetric,
  stepMs: number,
): Promise<TracedMetric> {
  const { metric, group, first, verdict } = traced;
  if (verdict !== "counts" || group === undefined || first === undefined) return traced;
  const answer = await env.METRIC_WINDOW.getByName(project).query({
    metric,
    fromMs: first.endMs,
    toMs: first.endMs,
    stepMs,
    upToNow: false,
    groups: [group],
    mostPoints: 1_000,
  });
  // Of an old window the points are in other tiers: an event of the log is seldom that old.
  if (!answer.ok || !("body" in answer)) return traced;
  const { series } = JSON.parse(answer.body) as QueryAnswer;
  const [only] = series;
  // A ranking has a series for each item.
  if (series.length !== 1 || only?.v[0] === undefined) return traced;
  const state = only.s[0] ?? first.state;
  return { ...traced, first: { ...first, state }, value: only.v[0] };
}

function nameOf(c: Context<App>, project: string): { partition: number; name: EventName } {
  const { partitions } = settingsOf(c.env);
  const batch = c.req.query("batch");
  if (batch !== undefined && batch !== "") {
    if (exceedsBytes(batch, LIMITS.keyBytes)) {
      throw badTrace(`batch is ${describe(batch)}; expected at most ${LIMITS.keyBytes} bytes`);
    }
    return { partition: partitionOf(project, batch, partitions), name: { batch } };
  }
  const partition = whole(c, "partition", partitions - 1);
  const offset = whole(c, "offset", Number.MAX_SAFE_INTEGER);
  const line = c.req.query("line") === undefined ? 0 : whole(c, "line", LIMITS.eventsPerRequest);
  return { partition, name: { offset, line } };
}

function whole(c: Context<App>, field: string, most: number): number {
  const text = c.req.query(field);
  const value = text !== undefined && /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (value <= most) return value;
  const hint = "batch, or partition and offset, name an event";
  throw badTrace(`${field} is ${describe(text)}; expected a whole number from 0 to ${most}: ${hint}`);
}

function badTrace(message: string): HttpError {
  return new HttpError(400, "bad_trace", message);
}
