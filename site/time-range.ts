import { parseDuration } from "../protocol/time.ts";
import { formatSpan } from "./format.ts";

/** A span of time to look at: the last `lastMs` up to now, which moves, or a fixed one, which does not. Epoch ms. */
export type TimeRange = { lastMs: number } | { fromMs: number; toMs: number };

/** A fixed range. */
export type FixedRange = Extract<TimeRange, { fromMs: number }>;

/** The ranges that the picker offers. */
export const RANGE_CHOICES = "1m 5m 15m 30m 1h 3h 6h 12h 24h 2d 7d 30d 90d 365d".split(" ");

/** Nothing shorter can be drawn sensibly: a metric's step is 100 ms at least. */
export const SHORTEST_RANGE_MS = 1_000;

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
  const last = to === "now" ? /^now-(\w+)$/.exec(from)?.[1] : undefined;
  const lastMs = parseDuration(last);
  if (lastMs !== undefined) return lastMs < SHORTEST_RANGE_MS ? undefined : { lastMs };
  const fromMs = instantMs(from, nowMs);
  const toMs = instantMs(to, nowMs);
  return toMs - fromMs >= SHORTEST_RANGE_MS ? { fromMs, toMs } : undefined;
}

/** NaN when it cannot be read. ISO 8601 without a zone is the visitor's time. */
function instantMs(text: string, nowMs: number): number {
  if (text === "now") return nowMs;
  const ago = /^now-(\w+)$/.exec(text)?.[1];
  if (ago !== undefined) return nowMs - (parseDuration(ago) ?? Number.NaN);
  return /^\d{12,15}$/.test(text) ? Number(text) : Date.parse(text);
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
