import { exceedsBytes, LIMITS, utf8Length } from "./limits.ts";
import { describe, fail, isObject, ok, type Result } from "./result.ts";
import { parseTimestamp } from "./time.ts";

/** What a prop may hold: nothing nested, so that every prop can be a column, a label or a filter. */
export type PropValue = string | number | boolean | null;

/** One thing that happened, as it stands in the event log. `ts` is epoch milliseconds. */
export interface Event {
  name: string;
  ts: number;
  id?: string;
  user?: string;
  value?: number;
  props?: Record<string, PropValue>;
}

/** How a request's clock reads. */
export interface EventClock {
  /** When the request arrived, epoch ms: the `ts` of events without one. */
  receivedMs: number;
  /** Added to every given `ts`: received time less the client's `sentAt`. */
  skewMs: number;
}

/** Why an event was refused. Counters and answers carry these codes. */
export const REJECTION_REASONS = [
  "malformed",
  "not_object",
  "cloudevent",
  "unknown_field",
  "name",
  "ts",
  "future",
  "id",
  "user",
  "value",
  "props",
  "too_many_events",
] as const;
export type RejectionReason = (typeof REJECTION_REASONS)[number];

const FIELDS = new Set(["name", "ts", "id", "user", "value", "props", "sentAt"]);

/**
 * Checks one event as a client sent it and brings it to its normal form: fields in one order, `ts` in corrected
 * epoch milliseconds. Whether it lies too far in the future is {@link futureRejection}'s question, because
 * only the rest of the answer is the same on every retry.
 *
 * @param raw any JSON value.
 * @returns the event, or a reason of {@link REJECTION_REASONS} with a sentence that names the value and the bound.
 */
export function parseEvent(raw: unknown, clock: EventClock): Result<Event> {
  if (!isObject(raw)) return fail("not_object", `the event is ${describe(raw)}; expected an object`);
  for (const field in raw) {
    if (!FIELDS.has(field)) {
      return fail("unknown_field", `unknown field ${describe(field)}; own fields go into props`);
    }
  }
  const nameFault = textFault("name", raw["name"], LIMITS.keyBytes);
  if (nameFault !== undefined) return fail("name", nameFault);
  const ts = correctedTimestamp(raw, clock);
  if (!ts.ok) return ts;
  const event: Event = { name: raw["name"] as string, ts: ts.value };
  return fillOptional(event, raw);
}

function fillOptional(event: Event, raw: Record<string, unknown>): Result<Event> {
  const { id, user, value, props } = raw;
  if (id !== undefined && id !== null) {
    const text = digitsOf(id);
    const fault = textFault("id", text, LIMITS.keyBytes);
    if (fault !== undefined) return fail("id", fault);
    event.id = text as string;
  }
  if (user !== undefined && user !== null) {
    const text = digitsOf(user);
    const fault = textFault("user", text, LIMITS.stringBytes);
    if (fault !== undefined) return fail("user", fault);
    event.user = text as string;
  }
  if (value !== undefined && value !== null) {
    if (typeof value !== "number" || !Number.isFinite(value)) {
      return fail("value", `value is ${describe(value)}; expected a finite number`);
    }
    event.value = value;
  }
  if (props !== undefined && props !== null) {
    const fault = propsFault(props);
    if (fault !== undefined) return fail("props", fault);
    event.props = props as Record<string, PropValue>;
  }
  return ok(event);
}

/** The rejection of an event that lies more than `boundMs` after its arrival, or undefined. */
export function futureRejection(
  event: Event,
  receivedMs: number,
  boundMs: number,
): { reason: "future"; message: string } | undefined {
  const aheadMs = event.ts - receivedMs;
  if (aheadMs <= boundMs) return undefined;
  return { reason: "future", message: `ts lies ${aheadMs} ms in the future; the bound is ${boundMs} ms` };
}

/**
 * What to add to a client's times: how far its clock, as it read when it sent, is from ours. A difference that the way
 * here explains is none: events would be moved by every hiccup of the network.
 */
export function clockSkew(receivedMs: number, sentAtMs: number): number {
  const skewMs = receivedMs - sentAtMs;
  return Math.abs(skewMs) <= LIMITS.transitMs ? 0 : skewMs;
}

function correctedTimestamp(raw: Record<string, unknown>, clock: EventClock): Result<number> {
  if (raw["ts"] === undefined || raw["ts"] === null) return ok(clock.receivedMs);
  const ts = parseTimestamp(raw["ts"]);
  if (!ts.ok) return ts;
  if (raw["sentAt"] === undefined || raw["sentAt"] === null) return ok(Math.max(0, ts.value + clock.skewMs));
  const sentAt = parseTimestamp(raw["sentAt"]);
  if (!sentAt.ok) return fail("ts", sentAt.message.replace("ts is", "sentAt is"));
  return ok(Math.max(0, ts.value + clockSkew(clock.receivedMs, sentAt.value)));
}

/** A number that names something, as text. Beyond 2^53 two names would have become one: such a number stays one. */
function digitsOf(name: unknown): unknown {
  return Number.isSafeInteger(name) ? String(name) : name;
}

function textFault(field: string, value: unknown, bound: number): string | undefined {
  if (typeof value === "number" && field !== "name") {
    return `${field} is ${value}, which is no whole number of at most 2^53 - 1; expected it as a string`;
  }
  if (typeof value !== "string" || value === "") {
    return `${field} is ${describe(value)}; expected a non-empty string of at most ${bound} bytes`;
  }
  if (exceedsBytes(value, bound)) return `${field} has ${utf8Length(value)} bytes; the bound is ${bound}`;
  if (!value.isWellFormed()) return `${field} holds a lone surrogate; expected well-formed Unicode`;
  return undefined;
}

function propsFault(props: unknown): string | undefined {
  if (!isObject(props)) return `props is ${describe(props)}; expected an object`;
  let count = 0;
  for (const key in props) {
    if (++count > LIMITS.propsPerEvent) {
      return `props has ${Object.keys(props).length} entries; the bound is ${LIMITS.propsPerEvent}`;
    }
    const fault = propFault(key, props[key]);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function propFault(key: string, value: unknown): string | undefined {
  if (key === "__proto__") return "props holds the key '__proto__', which is not allowed";
  if (key === "") return "props holds an empty key";
  if (exceedsBytes(key, LIMITS.keyBytes)) {
    return `the prop key ${describe(key)} has ${utf8Length(key)} bytes; the bound is ${LIMITS.keyBytes}`;
  }
  if (!key.isWellFormed()) return "a prop key holds a lone surrogate; expected well-formed Unicode";
  if (typeof value === "string") {
    if (exceedsBytes(value, LIMITS.stringBytes)) {
      return `the prop '${key}' has ${utf8Length(value)} bytes; the bound is ${LIMITS.stringBytes}`;
    }
    return value.isWellFormed()
      ? undefined
      : `the prop '${key}' holds a lone surrogate; expected well-formed Unicode`;
  }
  if (typeof value === "boolean" || value === null) return undefined;
  if (typeof value === "number" && Number.isFinite(value)) return undefined;
  return `the prop '${key}' is ${describe(value)}; expected a string, a finite number, a boolean or null`;
}
