import type { Context } from "hono";
import type { SeenShare } from "../../durable-objects/log-viewer.ts";
import { SeenEvents } from "../../durable-objects/observe/seen-events.ts";
import type { SeenAnswer, SeenEvent } from "../../protocol/observe.ts";
import { type App, authorize } from "../authorize.ts";
import { isPublicKey } from "./raw-access.ts";
import { askViewers, bytesOfEach, sumSamples } from "./viewers.ts";

/** Of the log's newest records, over all partitions. */
const SAMPLE_BYTES = 2 * 1024 * 1024;

/** `GET /v1/events/seen`: names, fields, types and examples of the newest events. The public key sees no examples. */
export async function getSeen(c: Context<App>): Promise<Response> {
  const { project } = await authorize(c, "read", "admin");
  const maxBytes = bytesOfEach(c.env, SAMPLE_BYTES);
  const shares = await askViewers<SeenShare>(c.env, (viewer) => viewer.seen(project, maxBytes));
  const answer = seenOf(shares);
  return c.json(isPublicKey(c) ? { ...answer, events: answer.events.map(withoutExamples) } : answer);
}

/** What all partitions have seen, as one. */
export function seenOf(shares: readonly SeenShare[]): SeenAnswer {
  const all = new SeenEvents();
  for (const { events } of shares) all.merge(events);
  const { events, namesLeftOut } = all.finish();
  const leftOut = shares.map((share) => share.namesLeftOut);
  return {
    events,
    namesLeftOut: Math.max(namesLeftOut, ...leftOut),
    sample: sumSamples(shares.map(({ sample }) => sample)),
  };
}

function withoutExamples(event: SeenEvent): SeenEvent {
  const fields = event.fields.map(({ name, isProp, types, more }) => ({ name, isProp, types, more }));
  return { ...event, fields };
}
