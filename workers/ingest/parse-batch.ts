import { excerpt, type RejectedExample, SAMPLE_LENGTH } from "../../protocol/observe.ts";
import { clockSkew, type Event, type EventClock, futureRejection, parseEvent } from "../../protocol/event.ts";
import { LIMITS } from "../../protocol/limits.ts";
import { describe, isObject, type Result } from "../../protocol/result.ts";
import { parseTimestamp } from "../../protocol/time.ts";
import { HttpError } from "../http-error.ts";
import { fromCloudEvent, isCloudEvent } from "./cloud-event.ts";

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
  /** Some of them, with the beginning of what was refused. */
  examples: RejectedExample[];
  /** NDJSON, in parts that each fit a record. The same request always falls into the same parts. */
  parts: { count: number; text: string }[];
  /** The events' own ids when all have one, those that lie in the future included. */
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
  /** Attributes of a CloudEvent in the headers: the body is its data. */
  cloudEvent?: Record<string, string> | undefined;
}

/**
 * Reads a JSON event, a JSON array, NDJSON, or `{"events":[…],"sentAt"?,"batch"?}`, told apart by the text itself.
 * Each event may be a CloudEvent.
 *
 * @throws HttpError 400 when nothing of it can be read, 413 with more events than {@link LIMITS.eventsPerRequest}.
 */
export function parseBatch(text: string, context: BatchContext): ParsedBatch {
  const body = context.cloudEvent === undefined ? readJson(text) : readData(text, context.cloudEvent);
  if (body.events.length > LIMITS.eventsPerRequest) {
    const message = `the request has ${body.events.length} events; the bound is ${LIMITS.eventsPerRequest}`;
    throw new HttpError(413, "too_many_events", message);
  }
  const clock = {
    receivedMs: context.receivedMs,
    skewMs: skew(body.sentAt ?? context.sentAt, context.receivedMs),
  };
  // What is escaped in ASCII takes up to three bytes a character once it is written anew.
  const isAscii = context.isAscii && !text.includes("\\u");
  const collector = new Collector(isAscii, body.batchId, context.receivedMs);
  for (const [index, raw] of body.events.entries()) {
    if (raw instanceof MalformedLine) {
      collector.reject(index, "malformed", "the line is not JSON", raw.text);
      continue;
    }
    const event = isCloudEvent(raw) ? parseCloudEvent(raw, clock) : parseEvent(raw, clock);
    if (!event.ok) {
      collector.reject(index, event.reason, event.message, raw);
      continue;
    }
    const future = futureRejection(event.value, context.receivedMs, context.futureLimitMs);
    if (future === undefined) collector.accept(event.value);
    else collector.postpone(index, event.value, future);
  }
  return collector.finish();
}

interface Body {
  events: unknown[];
  sentAt?: unknown;
  batchId?: string;
}

const TS_DIGITS = 15;

/** What is no JSON. */
const MALFORMED = Symbol("malformed");
/** Examples of refused events of one request, and of one reason. */
const MOST_EXAMPLES = 8;
const MOST_OF_A_REASON = 2;

/** Stands in the list of events for a line that is no JSON. */
class MalformedLine {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

function readJson(text: string): Body {
  const trimmed = text.trim();
  if (trimmed === "") throw new HttpError(400, "malformed", "the body is empty");
  const whole = tryParse(trimmed);
  if (whole === MALFORMED) {
    if (isBrokenDocument(trimmed)) throw new HttpError(400, "malformed", "the body is not JSON");
    return { events: readLines(trimmed) };
  }
  if (Array.isArray(whole)) return { events: whole };
  if (isObject(whole) && Array.isArray(whole["events"])) return readWrapper(whole, whole["events"]);
  return { events: [whole] };
}

/** The data of a CloudEvent need not be JSON, and need not be there. */
function readData(text: string, attributes: Record<string, string>): Body {
  const data = text === "" ? undefined : tryParse(text);
  return { events: [{ ...attributes, data: data === MALFORMED ? text : data }] };
}

function parseCloudEvent(raw: Record<string, unknown>, clock: EventClock): Result<Event> {
  const event = fromCloudEvent(raw);
  return event.ok ? parseEvent(event.value, clock) : event;
}

function readWrapper(wrapper: Record<string, unknown>, events: unknown[]): Body {
  const { sentAt, batch } = wrapper;
  if (batch === undefined || batch === null) return { events, sentAt };
  if (typeof batch === "string") return { events, sentAt, batchId: batch };
  throw new HttpError(400, "idempotency_key", `batch is ${describe(batch)}; expected a string`);
}

/**
 * Whether this, which is not JSON, was meant as one array or one object over several lines. Its lines are not events:
 * taken as NDJSON, a document that is cut short would be applied by half.
 */
function isBrokenDocument(text: string): boolean {
  const end = text.indexOf("\n");
  if (end < 0) return text.startsWith("[");
  const first = text.slice(0, end).trimEnd();
  return /[[{,:]$/.test(first) || (first.startsWith("[") && tryParse(first) === MALFORMED);
}

/**
 * One parse for all lines where every line is whole; else line by line, to name the broken ones. Whole lines are
 * objects, begun and ended: what goes on over a line's end could only be an array, which no event holds.
 */
function readLines(text: string): unknown[] {
  const lines = text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
  if (lines.every((line) => line.startsWith("{") && line.endsWith("}"))) {
    const all = tryParse(`[${lines.join(",\n")}]`);
    if (Array.isArray(all) && all.length === lines.length) return all;
  }
  const events = lines.map((line) => {
    const event = tryParse(line);
    return event === MALFORMED ? new MalformedLine(line) : event;
  });
  if (events.every((event) => event instanceof MalformedLine)) {
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
  readonly #examples: RejectedExample[] = [];
  readonly #receivedMs: number;
  readonly #ids: string[] = [];
  #partLength = 0;
  #accepted = 0;
  #allHaveIds = true;

  constructor(isAscii: boolean, batchId: string | undefined, receivedMs: number) {
    this.#receivedMs = receivedMs;
    this.#maxPartLength = isAscii ? LIMITS.recordBytes : LIMITS.recordBytes / 3;
    this.#batchId = batchId;
  }

  accept(event: Event): void {
    const line = JSON.stringify(event);
    const part = this.#partFor(event, line);
    part.lines.push(line);
    part.count++;
    this.#accepted++;
  }

  /**
   * Rejects an event that only the time of the request speaks against. It still takes its room in the parts and its
   * place among the ids: a retry, by when it may have come of age, makes the same parts under the same batch id.
   */
  postpone(index: number, event: Event, { reason, message }: { reason: string; message: string }): void {
    this.#partFor(event, JSON.stringify(event));
    this.reject(index, reason, message, event);
  }

  /** @param raw what is refused. */
  reject(index: number, reason: string, message: string, raw: unknown): void {
    const count = (this.#byReason[reason] ?? 0) + 1;
    this.#byReason[reason] = count;
    if (count <= MOST_OF_A_REASON && this.#examples.length < MOST_EXAMPLES) {
      const sample = typeof raw === "string" ? raw.slice(0, SAMPLE_LENGTH).toWellFormed() : excerpt(raw);
      this.#examples.push({ reason, message, sample, atMs: this.#receivedMs });
    }
    if (this.#rejected.length < LIMITS.listedRejections) this.#rejected.push({ index, reason, message });
  }

  finish(): ParsedBatch {
    return {
      accepted: this.#accepted,
      rejected: this.#rejected,
      rejectedByReason: this.#byReason,
      examples: this.#examples,
      parts: this.#parts.map(({ count, lines }) => ({ count, text: lines.join("\n") })),
      ids: this.#allHaveIds && this.#accepted > 0 ? this.#ids : undefined,
      batchId: this.#batchId,
    };
  }

  /** Where the line goes. A corrected `ts` may have more digits the next time: each takes the room of the longest. */
  #partFor({ ts, id }: Event, line: string): { count: number; lines: string[] } {
    if (id === undefined) this.#allHaveIds = false;
    else this.#ids.push(id);
    const length = line.length + TS_DIGITS - String(ts).length;
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
