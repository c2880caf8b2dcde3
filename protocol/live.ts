import { exceedsBytes, LIMITS, utf8Length } from "./limits.ts";
import { describe, fail, isObject, ok, type Result } from "./result.ts";
import { type Group, groupListFault, type Series } from "./series.ts";
import { parseDuration } from "./time.ts";

/** The WebSocket subprotocol. A breaking change of a message below takes a new one. */
export const LIVE_SUBPROTOCOL = "freshet.v1";

/**
 * The same messages, but that snapshots and deltas are binary (`live-binary.ts`), and that the client must answer those that ask
 * it to: see {@link AckMessage}.
 */
export const COMPACT_SUBPROTOCOL = "freshet.v2";

/** Asks for a metric's last `range` and every change from then on. `id` is the client's name for it. */
export interface SubscribeMessage {
  type: "subscribe";
  id: string;
  metric: string;
  /** A duration such as `15m`. */
  range: string;
  /** Only groups that match one of these; a matcher may name some of the metric's `groupBy` keys. */
  groups?: Group[];
  /** The last cursor seen of the same metric, range and groups, to go on from there. */
  cursor?: string;
  /** Frames a second, at most. */
  maxRate?: number;
}

export interface UnsubscribeMessage {
  type: "unsubscribe";
  id: string;
}

/**
 * "I have taken that many more snapshots and deltas." A client of `freshet.v2` says so whenever a frame asks for it; one of
 * `freshet.v1` is asked from the first time on that it has said so. Who is asked and says nothing is sent no more until it does:
 * what changes meanwhile comes merged.
 */
export interface AckMessage {
  type: "ack";
  frames: number;
}

/** A ping of a client that can send JSON only; it is answered `{"type":"pong"}`. */
export interface PingMessage {
  type: "ping";
}

/** What a client sends, besides the bare text `ping`, which is answered `pong` without waking the hub. */
export type ClientMessage = SubscribeMessage | UnsubscribeMessage | AckMessage | PingMessage;

/**
 * The picture of one subscription: the whole of it, which takes the place of any before, or after a resume what has changed
 * since the client's cursor. `watermark` is epoch ms, or null before the first event.
 */
export interface SnapshotMessage {
  type: "snapshot";
  id: string;
  cursor: string;
  /** True: `series` are the points that changed since the cursor that the client gave, to be laid over its picture. */
  recovered: boolean;
  series: Series[];
  watermark: number | null;
  /** The server asks for an {@link AckMessage}. */
  ack?: true;
}

/** Points that changed since the last frame: new, or another value or state at a `t` already seen. */
export interface DeltaMessage {
  type: "delta";
  id: string;
  cursor: string;
  series: Series[];
  watermark: number | null;
  /** Milliseconds from the arrival of the oldest event in this frame to its sending. */
  lag: number;
  /** How many more frames this one stands for, because of `maxRate` or a client that was slow; absent: none. */
  merged?: number;
  /** The server asks for an {@link AckMessage}. */
  ack?: true;
}

export type LiveErrorCode =
  | "bad_message"
  | "unknown_metric"
  | "too_many_subscriptions"
  | "too_large"
  | "unauthorized"
  | "forbidden"
  | "unavailable";

/**
 * What a server closes a socket with when another key is needed, after an error without an id: the key is unknown, or was
 * removed; it is of another role, project or origin. Whatever else closes a socket will pass.
 */
export const REFUSAL_CLOSE_CODES = { unauthorized: 4401, forbidden: 4403 } as const;

export interface ErrorMessage {
  type: "error";
  id?: string;
  code: LiveErrorCode;
  message: string;
}

export type ServerMessage = SnapshotMessage | DeltaMessage | ErrorMessage;

/** A client's message, or why it is none; `id`: the subscription that it was about, where that could be read. */
export type ParsedMessage = Result<ClientMessage> & { id?: string };

/**
 * Reads a text frame from a client.
 *
 * @returns the message, or the reason (a {@link LiveErrorCode}) with a sentence.
 */
export function parseClientMessage(text: string): ParsedMessage {
  if (exceedsBytes(text, LIMITS.liveMessageBytes)) return tooLarge(text);
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch {
    return fail("bad_message", "the message is not JSON");
  }
  if (!isObject(raw)) return fail("bad_message", `the message is ${describe(raw)}; expected an object`);
  if (raw["type"] === "subscribe") return parseSubscribe(raw);
  if (raw["type"] === "unsubscribe") {
    const id = parseId(raw["id"]);
    return id.ok ? ok({ type: "unsubscribe", id: id.value }) : id;
  }
  if (raw["type"] === "ack") return parseAck(raw["frames"]);
  if (raw["type"] === "ping") return ok({ type: "ping" });
  return fail(
    "bad_message",
    `type is ${describe(raw["type"])}; expected 'subscribe', 'unsubscribe', 'ack' or 'ping'`,
  );
}

/** It is not parsed; whose it is stands at its beginning, as clients write it. */
function tooLarge(text: string): ParsedMessage {
  const texts = leadingTexts(text.slice(0, LIMITS.liveMessageBytes));
  const named = texts.get("type") === "subscribe" ? parseId(texts.get("id")) : undefined;
  const what = named?.ok === true ? `subscription to ${describe(texts.get("metric"))}` : "message";
  const message = `the ${what} has ${utf8Length(text)} bytes; the bound is ${LIMITS.liveMessageBytes}`;
  const refusal = fail("too_large", message);
  return named?.ok === true ? { ...refusal, id: named.value } : refusal;
}

/** The fields of an object's JSON that are text, from the first one to the first that is none. */
function leadingTexts(json: string): Map<string, string> {
  const texts = new Map<string, string>();
  const begin = /^\s*\{/.exec(json)?.[0].length ?? json.length;
  const field = /\s*("(?:[^"\\]|\\.)*")\s*:\s*("(?:[^"\\]|\\.)*")\s*,/sy;
  field.lastIndex = begin;
  for (let match = field.exec(json); match !== null; match = field.exec(json)) {
    try {
      texts.set(JSON.parse(match[1] ?? "") as string, JSON.parse(match[2] ?? "") as string);
    } catch {
      break;
    }
  }
  return texts;
}

function parseAck(frames: unknown): Result<AckMessage> {
  if (Number.isSafeInteger(frames) && (frames as number) > 0)
    return ok({ type: "ack", frames: frames as number });
  return fail("bad_message", `frames is ${describe(frames)}; expected a whole number above 0`);
}

function parseSubscribe(raw: Record<string, unknown>): ParsedMessage {
  const id = parseId(raw["id"]);
  if (!id.ok) return id;
  const wanted = parseWanted(id.value, raw);
  return wanted.ok ? wanted : { ...wanted, id: id.value };
}

function parseWanted(id: string, raw: Record<string, unknown>): Result<SubscribeMessage> {
  const { metric, groups, cursor, maxRate } = raw;
  const range = raw["range"] ?? "15m";
  if (typeof metric !== "string")
    return fail("bad_message", `metric is ${describe(metric)}; expected a metric's name`);
  if (parseDuration(range) === undefined) {
    return fail("bad_message", `range is ${describe(range)}; expected a duration such as '15m'`);
  }
  const message: SubscribeMessage = { type: "subscribe", id, metric, range: range as string };
  if (groups !== undefined && groups !== null) {
    const fault = groupListFault(groups, "groups");
    if (fault !== undefined) return fail("bad_message", fault);
    message.groups = groups as Group[];
  }
  if (cursor !== undefined && cursor !== null) {
    if (typeof cursor !== "string")
      return fail("bad_message", `cursor is ${describe(cursor)}; expected a string`);
    message.cursor = cursor;
  }
  if (maxRate !== undefined && maxRate !== null) {
    if (typeof maxRate !== "number" || !(maxRate >= LIMITS.leastMaxRate && maxRate < Infinity)) {
      const bound = `expected frames a second, at least ${LIMITS.leastMaxRate}`;
      return fail("bad_message", `maxRate is ${describe(maxRate)}; ${bound}`);
    }
    message.maxRate = maxRate;
  }
  return ok(message);
}

function parseId(id: unknown): Result<string> {
  if (typeof id === "string" && id !== "" && id.length <= LIMITS.keyBytes) return ok(id);
  return fail(
    "bad_message",
    `id is ${describe(id)}; expected a string of 1 to ${LIMITS.keyBytes} characters`,
  );
}
