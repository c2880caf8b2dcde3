import { parseDuration } from "../../protocol/time.ts";
import { formatSpan } from "../format.ts";

/** A span of time to look at: the last `lastMs` up to now, which moves, or a fixed one, which does not. Epoch ms. */
export type TimeRange = { lastMs: number } | { fromMs: number; toMs: number };

/** A fixed range. */
export type FixedRange = Extract<TimeRange, { fromMs: number }>;

/** The ranges that the picker offers. */
export const RANGE_CHOICES = "1m 5m 15m 30m 1h 3h 6h 12h 24h 2d 7d 30d 90d 365d".split(" ");

/** Nothing shorter can be drawn sensibly: a metric's step is 100 ms at least. */
export const SHORTEST_RANGE_MS = 1_000;

const DAY_MS = 86_400_000;
const YEAR_MS = 365 * DAY_MS;
/** Nobody looks at more at once, and zooming out has to end. */
const LONGEST_RANGE_MS = 10 * YEAR_MS;
/** The second day of 1970: no address that was written in another zone begins before time. */
export const EARLIEST_MS = DAY_MS;

export function isFixed(range: TimeRange | undefined): range is FixedRange {
  return range !== undefined && "fromMs" in range;
}

export function spanMs(range: TimeRange): number {
  return isFixed(range) ? range.toMs - range.fromMs : range.lastMs;
}

/** The range in an address's `from` and `to`: `now-15m`, epoch ms or ISO 8601; undefined when there is none to be read. */
export function rangeInSearch(search: string, nowMs: number): TimeRange | undefined {
  const params = new URLSearchParams(search);
  const from = params.get("from");
  const to = params.get("to") ?? "now";
  if (from === null) return undefined;
  const lastMs = to === "now" ? agoMs(from) : undefined;
  if (lastMs !== undefined) return lastMs < SHORTEST_RANGE_MS ? undefined : { lastMs };
  const fromMs = instantMs(from, nowMs);
  const toMs = instantMs(to, nowMs);
  const isSeen = fromMs < nowMs && toMs > EARLIEST_MS;
  return isSeen && toMs - fromMs >= SHORTEST_RANGE_MS ? { fromMs, toMs } : undefined;
}

/** Whether an address asks for a range, but not for one that can be shown. */
export function isRangeUnreadable(search: string, nowMs: number): boolean {
  const params = new URLSearchParams(search);
  return (params.has("from") || params.has("to")) && rangeInSearch(search, nowMs) === undefined;
}

/** NaN when it cannot be read. ISO 8601 without a zone is the visitor's time. */
function instantMs(text: string, nowMs: number): number {
  if (text === "now") return nowMs;
  if (text.startsWith("now")) return nowMs - (agoMs(text) ?? Number.NaN);
  return /^\d{12,15}$/.test(text) ? Number(text) : Date.parse(text);
}

/** How long before now `now-15m` is; undefined when it cannot be read. */
function agoMs(text: string): number | undefined {
  const ago = /^now-(.+)$/.exec(text)?.[1];
  const years = /^(\d{1,4})y$/.exec(ago ?? "")?.[1];
  return years === undefined ? parseDuration(ago) : Number(years) * YEAR_MS;
}

/** `search` with this range in it, or with none. */
export function searchWithRange(search: string, range: TimeRange | undefined): string {
  const params = new URLSearchParams(search);
  params.delete("from");
  params.delete("to");
  if (isFixed(range)) {
    params.set("from", isoText(range.fromMs));
    params.set("to", isoText(range.toMs));
  } else if (range !== undefined) {
    params.set("from", `now-${durationText(range.lastMs)}`);
  }
  // Colons are allowed in a query, and a range is meant to be read.
  const text = params.toString().replaceAll("%3A", ":");
  return text === "" ? "" : `?${text}`;
}

/** The range for people: `Last 15 min`, or `25 Nov, 16:00 – 16:30`. */
export function describeRange(range: TimeRange): string {
  if (!isFixed(range)) return `Last ${formatSpan(range.lastMs)}`;
  const seconds = range.toMs - range.fromMs < 600_000;
  const options: Intl.DateTimeFormatOptions = {
    month: "short",
    day: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
    ...(seconds ? { second: "2-digit" } : {}),
  };
  return new Intl.DateTimeFormat(undefined, options).formatRange(range.fromMs, range.toMs);
}

/** The range, no longer than ten years; a fixed one between 1970 and `nowMs`, and a second long at least. */
export function boundedRange(range: TimeRange, nowMs: number): TimeRange {
  if (!isFixed(range)) return { lastMs: Math.min(range.lastMs, LONGEST_RANGE_MS) };
  const toMs = Math.max(EARLIEST_MS + SHORTEST_RANGE_MS, Math.min(range.toMs, nowMs));
  const fromMs = Math.max(
    EARLIEST_MS,
    toMs - LONGEST_RANGE_MS,
    Math.min(range.fromMs, toMs - SHORTEST_RANGE_MS),
  );
  return { fromMs, toMs };
}

/** A range moved by a share of its span, or made `factor` times as long around `aroundMs`. */
export function movedRange({ fromMs, toMs }: FixedRange, share: number): FixedRange {
  const byMs = Math.round((toMs - fromMs) * share);
  return { fromMs: fromMs + byMs, toMs: toMs + byMs };
}

export function scaledRange({ fromMs, toMs }: FixedRange, factor: number, aroundMs: number): FixedRange {
  const scale = Math.max(factor, SHORTEST_RANGE_MS / (toMs - fromMs));
  return {
    fromMs: Math.round(aroundMs - (aroundMs - fromMs) * scale),
    toMs: Math.round(aroundMs + (toMs - aroundMs) * scale),
  };
}

/** The duration as the protocol writes it: `15m`, `90s`. */
export function durationText(ms: number): string {
  const units: [number, string][] = [
    [86_400_000, "d"],
    [3_600_000, "h"],
    [60_000, "m"],
    [1_000, "s"],
  ];
  const found = units.find(([unitMs]) => ms % unitMs === 0);
  return found === undefined ? `${ms}ms` : `${ms / found[0]}${found[1]}`;
}

function isoText(ms: number): string {
  return new Date(ms).toISOString().replace(".000Z", "Z");
}
