import type { Context } from "hono";
import type { TailQuestion, TailShare } from "../../durable-objects/log-viewer.ts";
import { settingsOf } from "../../durable-objects/env.ts";
import { exceedsBytes, LIMITS, utf8Length } from "../../protocol/limits.ts";
import type { TailAnswer } from "../../protocol/observe.ts";
import { describe } from "../../protocol/result.ts";
import { parseWhere } from "../../protocol/where.ts";
import type { App } from "../authorize.ts";
import { HttpError } from "../http-error.ts";
import { authorizeRaw } from "./raw-access.ts";
import { askViewers, bytesOfEach, sumSamples } from "./viewers.ts";

const DEFAULT_EVENTS = 50;
const MOST_EVENTS = 200;
/** That are read for one answer, over all partitions: what is more has its older part passed over, and said so. */
const SAMPLE_BYTES = 1024 * 1024;

/**
 * `GET /v1/events/tail?event=&where=&limit=&cursor=`: the newest events as they are in the log. With the last answer's
 * `cursor`, those that came since.
 */
export async function getTail(c: Context<App>): Promise<Response> {
  const { project } = await authorizeRaw(c);
  const question = questionOf(c, project);
  const cursor = cursorOf(c.req.query("cursor"), settingsOf(c.env).partitions);
  const shares = await askViewers<TailShare>(c.env, (viewer, partition) => {
    const from = cursor?.[partition];
    return viewer.newest(from === undefined ? question : { ...question, from });
  });
  const events = shares
    .flatMap((share) => share.events)
    .sort((a, b) => a.receivedAtMs - b.receivedAtMs)
    .slice(-question.mostEvents);
  return c.json({
    events,
    cursor: shares.map(({ nextOffset }) => nextOffset).join("."),
    matched: shares.reduce((sum, { matched }) => sum + matched, 0),
    sample: sumSamples(shares.map(({ sample }) => sample)),
  } satisfies TailAnswer);
}

function questionOf(c: Context<App>, project: string): TailQuestion {
  const mostEvents = limitOf(c.req.query("limit"));
  const question: TailQuestion = { project, mostEvents, maxBytes: bytesOfEach(c.env, SAMPLE_BYTES) };
  const name = c.req.query("event");
  if (name !== undefined && name !== "") {
    if (exceedsBytes(name, LIMITS.keyBytes)) {
      throw badTail(`event has ${utf8Length(name)} bytes; the bound is ${LIMITS.keyBytes}`);
    }
    question.name = name;
  }
  const where = c.req.query("where");
  if (where !== undefined && where.trim() !== "") {
    const parsed = parseWhere(where);
    if (!parsed.ok) throw badTail(parsed.message);
    question.where = parsed.value;
  }
  return question;
}

function limitOf(text: string | undefined): number {
  if (text === undefined || text === "") return DEFAULT_EVENTS;
  const limit = /^\d{1,6}$/.test(text) ? Number(text) : Number.NaN;
  if (limit >= 1 && limit <= MOST_EVENTS) return limit;
  throw badTail(`limit is ${describe(text)}; expected a whole number from 1 to ${MOST_EVENTS}`);
}

/** An offset of each partition, parted by dots. */
function cursorOf(text: string | undefined, partitions: number): number[] | undefined {
  if (text === undefined || text === "") return undefined;
  const offsets = text.split(".");
  if (offsets.length === partitions && offsets.every((offset) => /^\d{1,15}$/.test(offset))) {
    return offsets.map(Number);
  }
  const expected = `expected that of the last answer, ${partitions} offsets parted by dots, or none`;
  throw badTail(`cursor is ${describe(text)}; ${expected}`);
}

function badTail(message: string): HttpError {
  return new HttpError(400, "bad_tail", message);
}
