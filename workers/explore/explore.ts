import type { Context } from "hono";
import { bucketOf } from "../../durable-objects/archive/archive-bucket.ts";
import { eventSpan, explore, TooManyPointsError } from "../../durable-objects/archive/explore.ts";
import type { ExploreShare } from "../../durable-objects/archive/log-tail.ts";
import { replayed } from "../../durable-objects/engine/replay.ts";
import { type Env, settingsOf } from "../../durable-objects/env.ts";
import { EXPLORED_NAME, type ExploreQuestion, parseExplore } from "../../protocol/explore.ts";
import { type App, authorize } from "../authorize.ts";
import { HttpError } from "../http-error.ts";
import { jsonBody } from "../json-body.ts";

/**
 * `POST /v1/explore`: a definition without a name, `from`, `to`, `step`; computed over raw events in the archive and the
 * log's tail, answered as a query. With `accept: application/x-ndjson` lines of `{"progress":0.25}` come before it.
 */
export async function postExplore(c: Context<App>): Promise<Response> {
  const grant = await authorize(c, "read", "admin");
  const nowMs = Date.now();
  const question = parseExplore(await jsonBody(c), nowMs);
  if (!question.ok) throw new HttpError(400, "invalid", question.message);
  const answer = (onProgress?: (done: number) => void) =>
    answerTo(c.env, grant.project, question.value, nowMs, onProgress);
  if (c.req.header("accept")?.includes("application/x-ndjson") !== true) return c.json(await answer());
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  c.executionCtx.waitUntil(streamAnswer(writable.getWriter(), answer));
  return c.body(readable, 200, { "content-type": "application/x-ndjson" });
}

async function answerTo(
  env: Env,
  project: string,
  question: ExploreQuestion,
  nowMs: number,
  onProgress?: (done: number) => void,
): Promise<object> {
  const bucket = env.ARCHIVE && bucketOf(env.ARCHIVE);
  try {
    const shares = await sharesOf(env, project, question);
    const { series, counts } = await explore(question, shares, bucket, nowMs, onProgress);
    const tiers = [{ tier: "cold", from: question.fromMs, to: question.toMs }];
    const { requests, bytes, events } = counts;
    return { metric: EXPLORED_NAME, series, tiers, read: { requests, bytes, events } };
  } catch (error) {
    if (error instanceof TooManyPointsError) throw new HttpError(400, "points", error.message);
    throw error;
  }
}

async function sharesOf(env: Env, project: string, question: ExploreQuestion): Promise<ExploreShare[]> {
  const { partitions } = settingsOf(env);
  const { fromMs, toMs } = eventSpan(question);
  const shares = await Promise.all(
    Array.from({ length: partitions }, (_, partition) =>
      env.ARCHIVER.getByName(String(partition)).explore(project, replayed(question.metric), fromMs, toMs),
    ),
  );
  return shares.map((share) => JSON.parse(share) as ExploreShare);
}

async function streamAnswer(
  writer: WritableStreamDefaultWriter<Uint8Array>,
  answer: (onProgress: (done: number) => void) => Promise<object>,
): Promise<void> {
  const encoder = new TextEncoder();
  let isGone = false;
  const write = async (line: object): Promise<void> => {
    try {
      await writer.write(encoder.encode(`${JSON.stringify(line)}\n`));
    } catch {
      isGone = true;
    }
  };
  const onProgress = (progress: number): void => {
    if (isGone) throw new AskerGoneError("nobody waits for the answer any more");
    void write({ progress });
  };
  try {
    await write(await answer(onProgress));
  } catch (error) {
    const known = error instanceof HttpError ? error : new HttpError(500, "internal", "the question failed");
    await write({ error: known.code, message: known.message });
  } finally {
    await writer.close().catch(() => undefined);
  }
}

/** Whoever asked has left: no more of the archive is read. */
class AskerGoneError extends Error {
  override name = "AskerGoneError";
}
