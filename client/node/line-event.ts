import { LIMITS } from "../../protocol/limits.ts";
import { isObject } from "../../protocol/result.ts";

/** The fields of an event; a JSON line's other fields become props. */
const FIELDS = new Set(["name", "ts", "id", "user", "value", "props"]);

/**
 * Makes an event of a line. A JSON object is an event when it has a `name`, else one called `eventName` whose props are the
 * object's fields. Any other text becomes the prop `line`. Blank lines are none.
 */
export function eventOfLine(
  line: string,
  eventName: string,
  nowMs: number,
): Record<string, unknown> | undefined {
  const text = line.trim();
  if (text === "") return undefined;
  const object = text.startsWith("{") ? parseObject(text) : undefined;
  if (!object) return { name: eventName, ts: nowMs, props: { line: cut(text, LIMITS.stringBytes) } };
  if (typeof object["name"] === "string" && Object.keys(object).every((field) => FIELDS.has(field))) {
    return { ...object, ts: object["ts"] ?? nowMs };
  }
  return eventOfFields(object, eventName, nowMs);
}

function eventOfFields(
  object: Record<string, unknown>,
  eventName: string,
  nowMs: number,
): Record<string, unknown> {
  const event: Record<string, unknown> = { name: eventName, ts: nowMs };
  const props: Record<string, unknown> = {};
  for (const [field, value] of Object.entries(object)) {
    if (field === "props" && isObject(value)) Object.assign(props, value);
    else if (FIELDS.has(field)) event[field] = value;
    // A prop holds no structure; one that a log line has is kept as its text.
    else props[field] = flat(value);
  }
  return { ...event, props };
}

function flat(value: unknown): unknown {
  if (typeof value === "string") return cut(value, LIMITS.stringBytes);
  return typeof value === "object" && value !== null ? cut(JSON.stringify(value), LIMITS.stringBytes) : value;
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** At most `maxBytes` bytes of `text`, and no half character at the end. */
function cut(text: string, maxBytes: number): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= maxBytes) return text;
  return new TextDecoder().decode(bytes.subarray(0, maxBytes), { stream: true });
}
