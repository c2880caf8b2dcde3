import type { Context } from "hono";
import type { BatchOutcome } from "../../durable-objects/batcher.ts";
import { partitionOf } from "../../durable-objects/engine/hash.ts";
import { type Env, settingsOf } from "../../durable-objects/env.ts";
import { exceedsBytes, LIMITS } from "../../protocol/limits.ts";
import { SAMPLE_LENGTH } from "../../protocol/observe.ts";
import { describe } from "../../protocol/result.ts";
import { type App, authorize } from "../authorize.ts";
import { HttpError, unavailable } from "../http-error.ts";
import { cloudEventAttributes } from "./cloud-event.ts";
import { parseBatch, type ParsedBatch } from "./parse-batch.ts";
import { readBody } from "./read-body.ts";

/** Where a continent's batchers are to live; they are created near the first who calls them. */
const REGION_BY_CONTINENT: Record<string, DurableObjectLocationHint> = {
  AF: "afr",
  AS: "apac",
  EU: "weur",
  NA: "enam",
  OC: "oc",
  SA: "sam",
};
const HOME_REGION = "enam";

/** `POST /v1/events`: checks the events and answers when they are in the log. */
export async function postEvents(c: Context<App>): Promise<Response> {
  const grant = await authorize(c, "write", "admin");
  const settings = settingsOf(c.env);
  const receivedMs = Date.now();
  const batch = await parsedBatch(c, grant.project, receivedMs);
  const batchId = await batchIdOf(c.req.header("idempotency-key"), batch);
  const batcher = batcherFor(c, partitionOf(grant.project, batchId, settings.partitions));
  if (batch.accepted === 0) {
    const { rejectedByReason, examples } = batch;
    const counted = batcher.countRejected(rejectedByReason, grant.project, examples);
    c.executionCtx.waitUntil(Promise.resolve(counted));
    return c.json(answer(batch, batchId, false), 400);
  }
  const encoder = new TextEncoder();
  const parts = batch.parts.map((part) => ({ count: part.count, value: encoder.encode(part.text) }));
  const incoming = { project: grant.project, batchId, receivedAtMs: receivedMs, parts };
  const outcome = await submit(() => batcher.submit(incoming, batch.rejectedByReason, batch.examples));
  if (outcome.status === "unavailable") throw unavailable(outcome.message, outcome.retryAfterMs);
  return c.json(answer(batch, batchId, outcome.duplicate), 202);
}

/**
 * Reads the request's events. What is refused as a whole is kept in mind for whoever asks why nothing comes.
 *
 * @throws HttpError
 */
async function parsedBatch(c: Context<App>, project: string, receivedMs: number): Promise<ParsedBatch> {
  const { futureLimitMs, partitions } = settingsOf(c.env);
  let body = { text: "", isAscii: true };
  try {
    body = await readBody(c.req.raw);
    return parseBatch(body.text, {
      receivedMs,
      futureLimitMs,
      sentAt: c.req.header("sent-at") ?? c.req.header("x-sent-at"),
      isAscii: body.isAscii,
      cloudEvent: cloudEventAttributes(c.req.raw.headers),
    });
  } catch (error) {
    if (error instanceof HttpError) {
      const { code, message } = error;
      const sample = body.text.slice(0, SAMPLE_LENGTH).toWellFormed();
      const batcher = batcherFor(c, partitionOf(project, "", partitions));
      const examples = [{ reason: code, message, sample, atMs: receivedMs }];
      c.executionCtx.waitUntil(Promise.resolve(batcher.noteRejected(project, { [code]: 1 }, examples)));
    }
    throw error;
  }
}

function answer(batch: ParsedBatch, batchId: string, duplicate: boolean) {
  return { accepted: batch.accepted, rejected: batch.rejected, duplicate, batch: batchId };
}

function batcherFor(c: Context<App>, partition: number): ReturnType<Env["BATCHER"]["getByName"]> {
  const cf = c.req.raw.cf as { continent?: string } | undefined;
  const region = REGION_BY_CONTINENT[cf?.continent ?? ""] ?? HOME_REGION;
  return c.env.BATCHER.getByName(`${region}/${partition}`, { locationHint: region });
}

/** An object that was reset or is overloaded is the same to a client as a log that is away. */
async function submit(call: () => Promise<BatchOutcome>): Promise<BatchOutcome> {
  try {
    return await call();
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { status: "unavailable", message: `the batcher is away: ${why}`, retryAfterMs: 1_000 };
  }
}

/** The client's id of the batch, else one derived from the events' own ids, else a random one. */
async function batchIdOf(header: string | undefined, batch: ParsedBatch): Promise<string> {
  const given = header ?? batch.batchId;
  if (given !== undefined) return checkedBatchId(given);
  if (batch.ids === undefined) return crypto.randomUUID();
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(JSON.stringify(batch.ids)));
  return Array.from(new Uint8Array(digest, 0, 16), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function checkedBatchId(id: string): string {
  // eslint-disable-next-line no-control-regex -- control characters are what is looked for.
  const isOdd = /[\u0000-\u001f\u007f]/.test(id) || !id.isWellFormed();
  if (id === "" || exceedsBytes(id, LIMITS.keyBytes) || isOdd) {
    const expected = `expected 1 to ${LIMITS.keyBytes} bytes of well-formed Unicode without control characters`;
    throw new HttpError(400, "idempotency_key", `the idempotency key is ${describe(id)}; ${expected}`);
  }
  return id;
}
