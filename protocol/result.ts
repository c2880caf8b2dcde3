/** The outcome of a parser: the value, or a reason code for counters and a sentence for people. */
export type Result<T> = { ok: true; value: T } | { ok: false; reason: string; message: string };

/** A success. */
export function ok<T>(value: T): Result<T> {
  return { ok: true, value };
}

/** A failure: `reason` is a stable code, `message` names the value and the bound. */
export function fail(reason: string, message: string): { ok: false; reason: string; message: string } {
  return { ok: false, reason, message };
}

/** Whether `value` is a JSON object (not null, not an array). */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What `value` is, for an error message: its type and, where it is short, the value itself. */
export function describe(value: unknown): string {
  if (value === undefined) return "nothing";
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  if (typeof value === "object") return "an object";
  // JSON knows no infinity: 1e400 would read as null.
  const text = typeof value === "number" ? String(value) : JSON.stringify(value);
  return text.length <= 80 ? text : `${text.slice(0, 77).toWellFormed()}…`;
}
