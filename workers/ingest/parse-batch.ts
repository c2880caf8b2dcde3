import { clockSkew, futureRejection, parseEvent } from "../../protocol/event.ts";
import { LIMITS } from "../../protocol/limits.ts";
import { isObject } from "../../protocol/result.ts";
import { parseTimestamp } from "../../protocol/time.ts";
import { HttpError } from "../http-error.ts";

/** One refused event: its place in the request, a code and a sentence. */
export interface Rejection {
  index: number;
  reason: string;
  message: string;
}

/** A request's events, checked and in their normal form. */
export interface ParsedBatch {
  accepted: number;
  /** The first {@link LIMITS.listedRejections}. */
  rejected: Rejection[];
  /** All of them, by reason. */
  rejectedByReason: Record<string, number>;
  /** NDJSON, in parts that each fit a record. The same request always falls into the same parts. */
  parts: { count: number; text: string }[];
  /** The events' own ids when all have one. */
  ids: string[] | undefined;
  /** The batch id that the body names. */
  batchId: string | undefined;
}

/** What a request says beside its body. */
export interface BatchContext {
  receivedMs: number;
  futureLimitMs: number;
  /** The `sent-at` header. */
  sentAt: string | undefined;
  isAscii: boolean;
}

/**
 * Reads a JSON event, a JSON array, NDJSON, or `{"events":[…],"sentAt"?,"batch"?}`, told apart by the text itself.
 *
 * @throws HttpError 400 when nothing of it can be read, 413 with more events than {@link LIMITS.eventsPerRequest}.
 */
export function parseBatch(text: string, context: BatchContext): ParsedBatch {
  const body = readJson(text);
  if (body.events.length > LIMITS.eventsPerRequest) {
    const message = `the request has ${body.events.length} events; the bound is ${LIMITS.eventsPerRequest}`;
    throw new HttpError(413, "too_many_events", message);
  }
  const clock = {
    receivedMs: context.receivedMs,
    skewMs: skew(body.sentAt ?? context.sentAt, context.receivedMs),
  };
  const collector = new Collector(context.isAscii, body.batchId);
  for (const [index, raw] of body.events.entries()) {
    if (raw === MALFORMED) {
      collector.reject(index, "malformed", "the line is not JSON");
      continue;
    }
    const event = parseEvent(raw, clock);
    if (!event.ok) {
      collector.reject(index, event.reason, event.message);
      continue;
    }
    const line = JSON.stringify(event.value);
    const future = futureRejection(event.value, context.receivedMs, context.futureLimitMs);
    if (future === undefined) collector.accept(line, event.value.id);
    else collector.reject(index, future.reason, future.message, line.length);
  }
  return collector.finish();
}

interface Body {
  events: unknown[];
  sentAt?: unknown;
  batchId?: string;
}

/** Stands in the list of events for a line that is no JSON. */
const MALFORMED = Symbol("malformed");

function readJson(text: string): Body {
  const trimmed = text.trim();
  if (trimmed === "") throw new HttpError(400, "malformed", "the body is empty");
  const whole = tryParse(trimmed);
  if (whole === MALFORMED) {
    if (trimmed.startsWith("[") && !trimmed.includes("\n"))
      throw new HttpError(400, "malformed", "the body is not JSON");
    return { events: readLines(trimmed) };
  }
  if (Array.isArray(whole)) return { events: whole };
  if (isObject(whole) && Array.isArray(whole["events"])) return readWrapper(whole, whole["events"]);
  return { events: [whole] };
}

function readWrapper(wrapper: Record<string, unknown>, events: unknown[]): Body {
  const body: Body = { events, sentAt: wrapper["sentAt"] };
  if (typeof wrapper["batch"] === "string") body.batchId = wrapper["batch"];
  return body;
}

/** One parse for all lines where every line is whole; else line by line, to name the broken ones. */
function readLines(text: string): unknown[] {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  const all = tryParse(`[${lines.join(",")}]`);
  if (Array.isArray(all) && all.length === lines.length) return all;
  const events = lines.map(tryParse);
  if (events.every((event) => event === MALFORMED)) {
    throw new HttpError(400, "malformed", "the body is neither JSON nor NDJSON");
  }
  return events;
}

function tryParse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return MALFORMED;
  }
}

function skew(sentAt: unknown, receivedMs: number): number {
  if (sentAt === undefined || sentAt === null) return 0;
  const parsed = parseTimestamp(sentAt);
  if (!parsed.ok) throw new HttpError(400, "sent_at", parsed.message.replace("ts is", "sentAt is"));
  return clockSkew(receivedMs, parsed.value);
}

class Collector {
  readonly #maxPartLength: number;
  readonly #batchId: string | undefined;
  readonly #parts: { count: number; lines: string[] }[] = [{ count: 0, lines: [] }];
  readonly #rejected: Rejection[] = [];
  readonly #byReason: Record<string, number> = {};
  readonly #ids: string[] = [];
  #partLength = 0;
  #accepted = 0;

  constructor(isAscii: boolean, batchId: string | undefined) {
    this.#maxPartLength = isAscii ? LIMITS.recordBytes : LIMITS.recordBytes / 3;
    this.#batchId = batchId;
  }

  accept(line: string, id: string | undefined): void {
    const part = this.#partFor(line.length);
    part.lines.push(line);
    part.count++;
    this.#accepted++;
    if (id !== undefined) this.#ids.push(id);
  }

  /**
   * @param length of the line that the event would have made, when only the time of the request speaks against it:
   *   it still takes its room in the parts, so that a retry a moment later falls into the same ones.
   */
  reject(index: number, reason: string, message: string, length = 0): void {
    if (length > 0) this.#partFor(length);
    this.#byReason[reason] = (this.#byReason[reason] ?? 0) + 1;
    if (this.#rejected.length < LIMITS.listedRejections) this.#rejected.push({ index, reason, message });
  }

  finish(): ParsedBatch {
    return {
      accepted: this.#accepted,
      rejected: this.#rejected,
      rejectedByReason: this.#byReason,
      parts: this.#parts.map(({ count, lines }) => ({ count, text: lines.join("\n") })),
      ids: this.#ids.length === this.#accepted && this.#accepted > 0 ? this.#ids : undefined,
      batchId: this.#batchId,
    };
  }

  #partFor(length: number): { count: number; lines: string[] } {
    this.#partLength += length + 1;
    let part = this.#parts.at(-1);
    if (part === undefined || (this.#partLength > this.#maxPartLength && this.#partLength > length + 1)) {
      part = { count: 0, lines: [] };
      this.#parts.push(part);
      this.#partLength = length + 1;
    }
    return part;
  }
}
