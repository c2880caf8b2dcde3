import { POINT_STATE, type Group, type PointState } from "../protocol/series.ts";
import { combined, type Reading } from "./reading.ts";
import { rhythmMs, type Cell, type Column, type SeriesBuffer } from "./series.ts";
import type { Traits } from "./traits.ts";

/** What a chart draws: columns aligned on one x, with gaps made explicit. */
export interface Picture {
  x: number[];
  rows: PictureRow[];
  /** Whether values of one window add up: then bars stand on each other. */
  additive: boolean;
  /** Width of a bar: its window's length. */
  windowMs: number;
}

export interface PictureRow {
  key: string;
  group: Group;
  /** A number; `null` where a line breaks; `undefined` where there is nothing to draw but no break either. */
  y: Cell[];
  s: PointState[];
  /** Points with a break on either side: a line alone would not show them. */
  isolated: number[];
}

/** Missing up to this many beats of its rhythm, a gauge is merely between two reports. */
const BEATS_TO_A_GAP = 2.5;

/** Aligns `columns` for drawing. A stretch without points becomes a break, also where all columns lack it. */
export function pictureOf(buffer: SeriesBuffer, columns: readonly Column[], traits: Traits): Picture {
  const gaps = columns.map((column) => gapMs(buffer.t, column, traits));
  const { x, source } = withBreaks(buffer.t, Math.min(...gaps), traits.stepMs);
  const rows = columns.map((column, i) => pictureRow(column, x, source, gaps[i] ?? traits.stepMs));
  return { x, rows, additive: traits.additive, windowMs: traits.sizeMs };
}

/**
 * The groups to draw: the `top` largest by their newest value. One that is drawn already stays until another is
 * clearly larger, so that two of a size do not take turns.
 */
export function topKeys(found: readonly Reading[], top: number, drawn: ReadonlySet<string>): string[] {
  const weight = ({ key, value }: Reading): number => Math.abs(value) * (drawn.has(key) ? 1.25 : 1);
  return [...found]
    .sort((a, b) => weight(b) - weight(a) || (a.key < b.key ? -1 : 1))
    .slice(0, top)
    .map(({ key }) => key)
    .sort();
}

/** The least and greatest value drawn at or after `fromMs`; `stacked`: of the sums. */
export function valueRange(
  { x, rows }: Picture,
  fromMs: number,
  stacked: boolean,
): [low: number, high: number] {
  let low = 0;
  let high = 0;
  for (let i = x.length - 1; i >= 0 && (x[i] ?? 0) >= fromMs; i--) {
    let sum = 0;
    for (const { y } of rows) {
      const value = y[i] ?? 0;
      sum = stacked ? sum + value : value;
      if (sum < low) low = sum;
      if (sum > high) high = sum;
    }
  }
  return [low, high];
}

/** One row of all groups combined, for a sparkline. */
export function combinedColumn(buffer: SeriesBuffer, traits: Traits): Column {
  const columns = [...buffer.columns.values()];
  const [only] = columns;
  if (only !== undefined && columns.length === 1) return only;
  const v: Cell[] = [];
  const s: PointState[] = [];
  for (let row = 0; row < buffer.t.length; row++) {
    const values = columns.map((column) => column.v[row]).filter((value) => typeof value === "number");
    v.push(combined(values, traits.combine));
    s.push(columns.some((column) => column.s[row] !== POINT_STATE.provisional) ? POINT_STATE.final : 0);
  }
  return { key: "combined", group: {}, v, s };
}

/** Longer than this without a point is a gap. A window that counted nothing is one; a gauge keeps its own rhythm. */
function gapMs(t: readonly number[], { v }: Column, { additive, stepMs }: Traits): number {
  const least = stepMs * 1.5;
  return additive ? least : Math.max(least, rhythmMs(t, v) * BEATS_TO_A_GAP);
}

/** `t` with an empty time put into every stretch longer than `gap`; `source[i]` is where x[i] came from, or -1. */
function withBreaks(t: readonly number[], gap: number, stepMs: number): { x: number[]; source: number[] } {
  const x: number[] = [];
  const source: number[] = [];
  for (const [i, time] of t.entries()) {
    const before = t[i - 1];
    if (before !== undefined && time - before > gap) {
      x.push(before + stepMs);
      source.push(-1);
    }
    x.push(time);
    source.push(i);
  }
  return { x, source };
}

function pictureRow(
  column: Column,
  x: readonly number[],
  source: readonly number[],
  gap: number,
): PictureRow {
  const y: Cell[] = [];
  const s: PointState[] = [];
  let last = -1;
  for (const [i, row] of source.entries()) {
    const value = row < 0 ? undefined : column.v[row];
    y.push(value);
    s.push(row < 0 ? POINT_STATE.provisional : (column.s[row] ?? POINT_STATE.provisional));
    if (value === undefined) continue;
    if (last >= 0 && i > last + 1 && (x[i] ?? 0) - (x[last] ?? 0) > gap) y[last + 1] = null;
    last = i;
  }
  return { key: column.key, group: column.group, y, s, isolated: isolatedPoints(y) };
}

function isolatedPoints(y: readonly Cell[]): number[] {
  const found: number[] = [];
  let breakBefore = true;
  let candidate = -1;
  for (const [i, value] of y.entries()) {
    if (value === undefined) continue;
    if (value === null) {
      if (candidate >= 0) found.push(candidate);
      candidate = -1;
      breakBefore = true;
    } else {
      candidate = breakBefore ? i : -1;
      breakBefore = false;
    }
  }
  if (candidate >= 0) found.push(candidate);
  return found;
}
