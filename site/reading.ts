import type { Group, PointState } from "../protocol/series.ts";
import { lowerBound, type Column, type SeriesBuffer } from "./series.ts";
import type { Traits } from "./traits.ts";

/** The value that stands for a group now. */
export interface Reading {
  key: string;
  group: Group;
  value: number;
  /** Its window's end. */
  t: number;
  state: PointState;
}

/** A running window of this length or more is worth showing before it is over; a shorter one only flickers. */
const RUNNING_WINDOW_MS = 60_000;
/** A group whose newest value lies further than this behind the others' has stopped reporting. */
const SILENT_AFTER_MS = 30_000;

/**
 * The newest value of each group at the time `atMs`.
 *
 * Counts of one short window grow while it is open: the newest window that is over is read, and a group without a
 * point there counted nothing. Averages and extremes are true at once: each group's newest is read.
 */
export function readings(buffer: SeriesBuffer, traits: Traits, atMs: number): Reading[] {
  if (traits.additive) {
    const row = additiveRow(buffer, traits, atMs);
    return row < 0 ? [] : rowReadings(buffer, row);
  }
  return newestReadings(buffer, traits, atMs);
}

/** One number for all groups: their sum, extreme or mean. Undefined when no group has a value. */
export function combined(values: readonly number[], how: Traits["combine"]): number | undefined {
  if (values.length === 0) return undefined;
  if (how === "lowest") return Math.min(...values);
  if (how === "highest") return Math.max(...values);
  const sum = values.reduce((total, value) => total + value, 0);
  return how === "sum" ? sum : sum / values.length;
}

/**
 * Whether the watermark says that nothing was counted since the newest point: then a count is zero, not old.
 */
export function isKnownZero(
  buffer: SeriesBuffer,
  traits: Traits,
  watermark: number | null,
  atMs: number,
): boolean {
  const { newestMs } = buffer;
  if (!traits.additive || newestMs === undefined || watermark === null) return false;
  return Math.min(watermark, atMs) >= newestMs + traits.stepMs;
}

/** The row to read counts from, or -1. */
function additiveRow(buffer: SeriesBuffer, traits: Traits, atMs: number): number {
  const running = traits.tumbling && traits.sizeMs >= RUNNING_WINDOW_MS;
  const boundMs = running || !traits.tumbling ? atMs + traits.stepMs : atMs;
  const row = lowerBound(buffer.t, boundMs + 1) - 1;
  // Nothing is over yet: the first window, open, is better than no number.
  return row < 0 && buffer.t.length > 0 ? 0 : row;
}

function rowReadings(buffer: SeriesBuffer, row: number): Reading[] {
  const t = buffer.t[row] ?? 0;
  const found: Reading[] = [];
  for (const { key, group, v, s } of buffer.columns.values()) {
    const value = v[row];
    if (typeof value === "number") found.push({ key, group, value, t, state: s[row] ?? 0 });
  }
  return found;
}

function newestReadings(buffer: SeriesBuffer, traits: Traits, atMs: number): Reading[] {
  const last = lowerBound(buffer.t, atMs + traits.stepMs + 1) - 1;
  const found: Reading[] = [];
  for (const column of buffer.columns.values()) {
    const row = newestRow(column, last);
    const value = column.v[row];
    if (typeof value !== "number") continue;
    const { key, group } = column;
    found.push({ key, group, value, t: buffer.t[row] ?? 0, state: column.s[row] ?? 0 });
  }
  const newest = Math.max(...found.map(({ t }) => t));
  const silentMs = Math.max(SILENT_AFTER_MS, 5 * traits.stepMs);
  return found.filter(({ t }) => t >= newest - silentMs);
}

function newestRow({ v }: Column, from: number): number {
  let row = from;
  while (row >= 0 && typeof v[row] !== "number") row--;
  return row;
}
