import { POINT_STATE, type Group, type PointState } from "../../protocol/series.ts";
import { bounded } from "../chart/scale.ts";
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

/** A tumbling window of this length or more is worth showing while it grows; a shorter one only flickers. */
const RUNNING_WINDOW_MS = 60_000;
/** A sliding window of this many steps lacks little when it lacks the last one; a shorter one reads too low. */
const NEARLY_FULL_STEPS = 30;
/** How long after its delay a window may take to be final, and be waited for. */
const SETTLES_WITHIN_STEPS = 3;
const SETTLES_WITHIN_MS = 3_000;
/** A group whose newest value lies further than this behind the others' has stopped reporting. */
const SILENT_AFTER_MS = 30_000;

/**
 * The newest value of each group at the time `atMs`.
 *
 * A count grows until its window is final: the newest final window is read, and a group without a point there counted
 * nothing. Averages and extremes are true at once: each group's newest is read.
 */
export function readings(buffer: SeriesBuffer, traits: Traits, atMs: number): Reading[] {
  if (traits.additive) {
    const row = additiveRow(buffer, traits, atMs);
    return row < 0 ? [] : rowReadings(buffer, row);
  }
  return newestReadings(buffer, traits, atMs);
}

/**
 * The readings, and a zero for each group that has counted something before, but nothing where it is read: a chart still
 * draws what it did.
 */
export function withSilent(found: readonly Reading[], buffer: SeriesBuffer, traits: Traits): Reading[] {
  const [first] = found;
  if (!traits.additive || first === undefined) return [...found];
  const heard = new Set(found.map(({ key }) => key));
  const silent = [...buffer.columns.values()].filter(
    ({ key, v }) => !heard.has(key) && v.some((value) => typeof value === "number"),
  );
  return [...found, ...silent.map(({ key, group }) => ({ ...first, key, group, value: 0 }))];
}

/**
 * What is so now of groups whose `past` points are far apart: what was `found` of each. Where that has no point of a group, it has
 * counted nothing since; where it has none at all, the newest of the past is read, of counts as zero.
 */
export function withPast(
  found: readonly Reading[],
  past: SeriesBuffer,
  traits: Traits,
  atMs: number,
): Reading[] {
  if (found.length > 0) return withSilent(found, past, traits);
  const old = withSilent(readings(past, traits, atMs), past, traits);
  return traits.additive ? old.map((reading) => ({ ...reading, value: 0 })) : old;
}

/** One number for all groups: their sum, extreme or mean. Undefined when no group has a value. */
export function combined(values: readonly number[], how: Traits["combine"]): number | undefined {
  if (values.length === 0) return undefined;
  if (how === "lowest") return Math.min(...values);
  if (how === "highest") return Math.max(...values);
  const sum = values.reduce((total, value) => total + value, 0);
  if (how === "sum") return bounded(sum);
  return Number.isFinite(sum) ? sum / values.length : values.reduce((mean, v) => mean + v / values.length, 0);
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
  const { tumbling, sizeMs, stepMs } = traits;
  const early = tumbling ? sizeMs >= RUNNING_WINDOW_MS : sizeMs >= NEARLY_FULL_STEPS * stepMs;
  const newest = lowerBound(buffer.t, atMs + (early ? stepMs : 0) + 1) - 1;
  if (early) return newest;
  // Without a final window in reach, such as before the first, an open one is better than no number.
  const settled = settledRow(
    buffer,
    newest,
    atMs - traits.delayMs - SETTLES_WITHIN_STEPS * stepMs - SETTLES_WITHIN_MS,
  );
  return settled ?? Math.max(newest, buffer.t.length > 0 ? 0 : -1);
}

/** The newest row at or before `from` that is final for some group, no older than `oldestMs`. */
function settledRow(buffer: SeriesBuffer, from: number, oldestMs: number): number | undefined {
  for (let row = from; row >= 0 && (buffer.t[row] ?? 0) >= oldestMs; row--) {
    for (const { v, s } of buffer.columns.values()) {
      if (v[row] !== undefined && s[row] !== POINT_STATE.provisional) return row;
    }
  }
  return undefined;
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
