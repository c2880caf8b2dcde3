import type { Context } from "hono";
import type { Definitions } from "../../durable-objects/catalog/definitions.ts";
import { catalogOf, type Env } from "../../durable-objects/env.ts";
import type { SeenShare } from "../../durable-objects/log-viewer.ts";
import type { MetricStats } from "../../durable-objects/window/metric-stats.ts";
import type { ProjectNotes } from "../../durable-objects/observe/ingest-notes.ts";
import type { LateExample, MetricQuality, QualityAnswer, SeenEvent } from "../../protocol/observe.ts";
import type { App } from "../authorize.ts";
import { authorizeRaw } from "./raw-access.ts";
import { seenOf } from "./seen.ts";
import { askViewers, bytesOfEach } from "./viewers.ts";

const MOST_EXAMPLES = 60;
/** Of the log's newest records, where late events are looked for. */
const SAMPLE_BYTES = 1024 * 1024;

/** `GET /v1/events/quality`: what of the events sent is in no number, and why, with examples. */
export async function getQuality(c: Context<App>): Promise<Response> {
  const { project } = await authorizeRaw(c);
  const [notes, stats, definitions, seen] = await Promise.all([
    notesOf(c.env, project),
    c.env.METRIC_WINDOW.getByName(project).stats() as Promise<MetricStats[]>,
    catalogOf(c.env).definitions(project) as Promise<Definitions>,
    newestSeen(c.env, project),
  ]);
  const answer: QualityAnswer = {
    ...sumNotes(notes),
    metrics: stats.map(qualityOf),
    late: lateExamples(definitions, seen),
  };
  return c.json(answer);
}

function qualityOf({ metric, late, skipped, folded, dropped }: MetricStats): MetricQuality {
  return { metric, late, skipped, folded, dropped };
}

async function notesOf(env: Env, project: string): Promise<ProjectNotes[]> {
  const names = await catalogOf(env).batchers();
  const notes = await Promise.all(names.map((name) => env.BATCHER.getByName(name).notesOf(project)));
  return (notes as (ProjectNotes | null)[]).filter((each) => each !== null);
}

async function newestSeen(env: Env, project: string): Promise<SeenEvent[]> {
  const maxBytes = bytesOfEach(env, SAMPLE_BYTES);
  return seenOf(await askViewers<SeenShare>(env, (viewer) => viewer.seen(project, maxBytes))).events;
}

function sumNotes(
  notes: readonly ProjectNotes[],
): Pick<QualityAnswer, "sinceMs" | "repeatedBatches" | "rejectedByReason" | "examples"> {
  const rejectedByReason: Record<string, number> = {};
  for (const each of notes) {
    for (const [reason, events] of Object.entries(each.rejectedByReason)) {
      rejectedByReason[reason] = (rejectedByReason[reason] ?? 0) + events;
    }
  }
  return {
    sinceMs: notes.length === 0 ? null : Math.min(...notes.map(({ sinceMs }) => sinceMs)),
    repeatedBatches: notes.reduce((sum, each) => sum + each.repeatedBatches, 0),
    rejectedByReason,
    examples: notes
      .flatMap(({ examples }) => examples.toReversed())
      .sort((a, b) => b.atMs - a.atMs)
      .slice(0, MOST_EXAMPLES),
  };
}

/** Metrics whose windows the slowest of the newest events came too late for. */
function lateExamples({ metrics }: Definitions, seen: readonly SeenEvent[]): LateExample[] {
  return metrics.flatMap(({ metric }) => {
    const event = seen.find(({ name }) => name === metric.event);
    const boundMs = metric.delayMs + metric.latenessMs + metric.window.sizeMs;
    if (event === undefined || event.mostBehindMs <= boundMs) return [];
    return [{ metric: metric.name, event: event.name, behindMs: event.mostBehindMs, boundMs }];
  });
}
