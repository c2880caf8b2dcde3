import { describe, fail, ok, type Result } from "./result.ts";

const ISO_8601 = /^(\d{4})-(\d\d)-(\d\d)(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?)?$/i;
const ZONE = /(?:Z|[+-]\d\d:?\d\d)$/i;
/** 9999-12-31: nothing later can be written as ISO 8601 with four digits of year. */
const LATEST_MS = 253_402_300_799_999;
const NANOSECONDS_FROM = 1e17;
/** 1763985600.205 s is 1763985600204.9998 ms in doubles: what is nearer to the next than this is the next. */
const DOUBLE_ERROR_MS = 0.000_5;

/**
 * Reads a timestamp in any of the forms that clients send.
 *
 * @param raw epoch seconds, milliseconds, microseconds or nanoseconds as a number or a string of digits
 *   (told apart by magnitude: below 1e11 is seconds, 1e14 ms, 1e17 µs), or ISO 8601; without a zone it is UTC.
 * @returns whole epoch milliseconds.
 */
export function parseTimestamp(raw: unknown): Result<number> {
  if (typeof raw === "number") return fromNumber(raw, raw);
  if (typeof raw !== "string") return bad(raw);
  const digits = /^(\d{1,19})(?:\.\d+)?$/.exec(raw)?.[1];
  if (digits !== undefined) return fromDigits(digits, raw);
  const date = ISO_8601.exec(raw);
  if (!date || !isDay(Number(date[1]), Number(date[2]), Number(date[3]))) return bad(raw);
  const text = raw.replace(" ", "T");
  const ms = Date.parse(ZONE.test(text) || text.length === 10 ? text : `${text}Z`);
  return Number.isNaN(ms) || ms < 0 ? bad(raw) : ok(Math.floor(ms));
}

/** Whether the calendar has this day: `Date.parse` reads 30 February as 2 March. */
function isDay(year: number, month: number, day: number): boolean {
  return month >= 1 && month <= 12 && day >= 1 && day <= new Date(Date.UTC(year, month, 0)).getUTCDate();
}

/** A double holds nanoseconds to 128 of them only: as text they are cut exactly. */
function fromDigits(digits: string, raw: string): Result<number> {
  return Number(digits) < NANOSECONDS_FROM
    ? fromNumber(Number(raw), raw)
    : fromNumber(Number(digits.slice(0, -6)), raw);
}

function fromNumber(value: number, raw: unknown): Result<number> {
  if (!Number.isFinite(value) || value < 0) return bad(raw);
  const ms =
    value < 1e11 ? value * 1e3 : value < 1e14 ? value : value < NANOSECONDS_FROM ? value / 1e3 : value / 1e6;
  return ms > LATEST_MS ? bad(raw) : ok(Math.floor(ms + DOUBLE_ERROR_MS));
}

function bad(raw: unknown): Result<number> {
  return fail(
    "ts",
    `ts is ${describe(raw)}; expected epoch seconds, milliseconds or nanoseconds, or ISO 8601 such as 2026-11-01T12:00:00Z`,
  );
}

const UNIT_MS: Record<string, number> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

/** Reads a duration such as `500ms`, `1.5s`, `5m`, `2h`, `1d`: whole milliseconds, or undefined. */
export function parseDuration(text: unknown): number | undefined {
  if (typeof text !== "string") return undefined;
  const match = /^(\d{1,12}(?:\.\d+)?)(ms|s|m|h|d|w)$/.exec(text);
  if (!match) return undefined;
  const exact = Number(match[1]) * (UNIT_MS[match[2] ?? ""] ?? Number.NaN);
  // 1.001 s is 1000.9999999999999 ms in binary.
  const ms = Math.round(exact);
  return Math.abs(exact - ms) < 1e-6 && ms <= LATEST_MS ? ms : undefined;
}

/** Reads a query bound: `now`, `now-15m`, or anything {@link parseTimestamp} takes. Epoch milliseconds. */
export function parseInstant(text: string, nowMs: number): Result<number> {
  const relative = /^now(?:\s*-\s*([\w.]+))?$/.exec(text.trim());
  if (!relative) return parseTimestamp(text.trim());
  if (relative[1] === undefined) return ok(nowMs);
  const ms = parseDuration(relative[1]);
  if (ms === undefined)
    return fail("time", `'${text}' is not a time; expected now-15m, epoch milliseconds or ISO 8601`);
  return ok(nowMs - ms);
}

/** A duration as {@link parseDuration} reads it, in the largest unit that it is a whole number of. */
export function durationText(ms: number): string {
  if (ms === 0) return "0s";
  const [unit, unitMs] = Object.entries(UNIT_MS).findLast(([, each]) => ms % each === 0) ?? ["ms", 1];
  return `${ms / unitMs}${unit}`;
}
