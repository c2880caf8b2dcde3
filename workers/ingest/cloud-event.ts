// CloudEvents 1.0 as events. `subject` is a prop and not the `user`: it names what the event is about, a file as well
// as a person. The id of a CloudEvent is its source's own, so that ours has both.
import { hash64 } from "../../durable-objects/engine/hash.ts";
import { exceedsBytes, LIMITS } from "../../protocol/limits.ts";
import { describe, fail, isObject, ok, type Result } from "../../protocol/result.ts";

/** Attributes with a place of their own, or that say only how the data is written. */
const CONTEXT = new Set([
  "specversion",
  "id",
  "type",
  "time",
  "datacontenttype",
  "dataschema",
  "data",
  "data_base64",
]);
const HEADER = "ce-";

/** Whether a JSON value is a CloudEvent in structured mode: no event of ours has that field. */
export function isCloudEvent(raw: unknown): raw is Record<string, unknown> {
  return isObject(raw) && raw["specversion"] !== undefined;
}

/**
 * The attributes of a CloudEvent in binary mode, where the body is its data.
 *
 * @returns undefined when the headers hold none.
 */
export function cloudEventAttributes(headers: Headers): Record<string, string> | undefined {
  // Few requests are CloudEvents: walking along all headers is worth it for those alone.
  if (!headers.has(`${HEADER}specversion`)) return undefined;
  const attributes: [string, string][] = [];
  for (const [name, value] of headers) {
    if (name.startsWith(HEADER)) attributes.push([name.slice(HEADER.length), percentDecoded(value)]);
  }
  return Object.fromEntries(attributes);
}

/**
 * An event as clients send it, from a CloudEvent: `type` → `name`, `source` and `id` → `id`, `time` → `ts`; of `data`
 * the number `value` → `value`, the text or whole number `user` → `user`, its other members that are not nested →
 * `props`, as are `source`, `subject` and extensions. Data that is a number itself is the `value`, other a prop `data`.
 */
export function fromCloudEvent(cloudEvent: Record<string, unknown>): Result<Record<string, unknown>> {
  if (cloudEvent["specversion"] !== "1.0") {
    return bad(`specversion is ${describe(cloudEvent["specversion"])}; expected "1.0"`);
  }
  for (const attribute of ["id", "source", "type"]) {
    const value = cloudEvent[attribute];
    if (typeof value !== "string" || value === "") {
      return bad(`the CloudEvent's ${attribute} is ${describe(value)}; expected a non-empty string`);
    }
  }
  const { id, source, type, time } = cloudEvent as Record<string, string>;
  const { data } = cloudEvent;
  const members = isObject(data) ? data : typeof data === "number" ? { value: data } : { data };
  const props = new Map<string, unknown>();
  const event: Record<string, unknown> = { name: type, ts: time, id: idOf(source ?? "", id ?? "") };
  for (const [name, value] of Object.entries(cloudEvent)) if (!CONTEXT.has(name)) addProp(props, name, value);
  for (const [name, value] of Object.entries(members)) {
    if (name === "value" && typeof value === "number") event["value"] = value;
    else if (name === "user" && (typeof value === "string" || typeof value === "number"))
      event["user"] = value;
    else addProp(props, name, value);
  }
  event["props"] = Object.fromEntries(props);
  return ok(event);
}

/** What is nested has no place in a prop. */
function addProp(props: Map<string, unknown>, name: string, value: unknown): void {
  if (value !== undefined && typeof value !== "object") props.set(name, value);
}

/** Long sources are shortened to a hash; an id that is too long by itself is refused later, by its bound. */
function idOf(source: string, id: string): string {
  const whole = `${source}#${id}`;
  if (!exceedsBytes(whole, LIMITS.keyBytes)) return whole;
  const hash = hash64(source).map((lane) => lane.toString(16).padStart(8, "0"));
  return `${hash.join("")}#${id}`;
}

/** Header values carry what is not printable ASCII percent-encoded. */
function percentDecoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

function bad(message: string): { ok: false; reason: string; message: string } {
  return fail("cloudevent", message);
}
