import type { Event, PropValue } from "../../protocol/event.ts";

/**
 * A prop of an event; undefined when it has none of that name. One look-up instead of two: what objects inherit, such
 * as "constructor" and "__proto__", is never a value that a prop can have.
 */
export function propOf({ props }: Event, name: string): PropValue | undefined {
  const value: unknown = props?.[name];
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") return value;
  return value === null ? null : undefined;
}
