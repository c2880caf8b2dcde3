import { POINT_STATE, type Group, type PointState } from "../../protocol/series.ts";
import { combined, type Reading } from "../series/reading.ts";
import { RowRange } from "./row-range.ts";
import { bounded } from "./scale.ts";
import { lowerBound, rhythmMs, type Cell, type Column, type SeriesBuffer } from "../series/series.ts";
import type { Traits } from "../series/traits.ts";

/** What a chart draws: columns aligned on one x, with gaps made explicit. */
export interface Picture {
  x: number[];
  rows: PictureRow[];
  /** Whether values of one window add up: then bars stand on each other. */
  additive: boolean;
  /** Distance of two points, and the width of a bar: windows that overlap are longer, but would cover each other. */
  stepMs: number;
}

export interface PictureRow {
  key: string;
  group: Group;
  /** A number; `null` where a line breaks; `undefined` where there is nothing to draw but no break either. */
  y: Cell[];
  s: PointState[];
  /** Equal: up to the newest settled point of the earlier picture, the line is the same. Absent: not known. */
  epoch?: string | undefined;
}

/** Missing up to this many beats of its rhythm, a gauge is merely between two reports. */
const BEATS_TO_A_GAP = 2.5;

/**
 * Aligns `columns` for drawing. A stretch without points becomes a break, also where all columns lack it. The
 * picture has arrays of its own, as the buffer goes on changing; they are copied whole, since this runs for every drawing
 * of every chart.
 */
export function pictureOf(buffer: SeriesBuffer, columns: readonly Column[], traits: Traits): Picture {
  const gaps = columns.map((column) => gapMs(buffer.t, column, traits));
  const source = sourcesOf(buffer.t, Math.min(...gaps));
  const x = source === undefined ? buffer.t.slice() : timesOf(buffer.t, source, traits.stepMs);
  const rows = columns.map((column, i) => pictureRow(column, x, source, gaps[i] ?? traits.stepMs));
  return { x, rows, additive: traits.additive, stepMs: traits.stepMs };
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

/**
 * The least and greatest value that is seen from `fromMs` to `toMs`: bars whose step overlaps the span; points of a line in
 * it, and those next to it, which the line runs to. Undefined when there is none.
 *
 * @param stacked of each storey of a stack, instead of each value.
 * @param kept what is kept of each row from one drawing to the next.
 */
export function valueRange(
  { x, rows, stepMs }: Picture,
  fromMs: number,
  toMs: number,
  shape: "line" | "bar",
  stacked = false,
  kept?: RowRange[],
): [low: number, high: number] | undefined {
  const at = lowerBound(x, fromMs);
  const first = at + (x[at] === fromMs ? 1 : 0) - (shape === "line" ? 1 : 0);
  const end = Math.min(x.length, shape === "line" ? lowerBound(x, toMs) + 1 : lowerBound(x, toMs + stepMs));
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  const start = Math.max(0, first);
  const below: number[] = [];
  if (kept !== undefined) kept.length = rows.length;
  // Row by row: the other way round takes three times as long.
  for (const [at, row] of rows.entries()) {
    const { y } = row;
    if (kept !== undefined && !stacked) {
      const range = (kept[at] ??= new RowRange());
      range.look(x, row, start, end, settledIndex(row));
      if (range.low < low) low = range.low;
      if (range.high > high) high = range.high;
      continue;
    }
    for (let i = start; i < end; i++) {
      const value = y[i];
      if (typeof value !== "number") continue;
      const top = stacked ? (below[i - start] = bounded((below[i - start] ?? 0) + value)) : value;
      if (top < low) low = top;
      if (top > high) high = top;
    }
  }
  return low > high ? undefined : [low, high];
}

/** The last index that a solid line may reach: what comes after it is provisional. -1: all of it is. */
export function settledIndex({ y, s }: PictureRow): number {
  let index = y.length - 1;
  while (index >= 0 && (typeof y[index] !== "number" || s[index] === POINT_STATE.provisional)) index--;
  return index;
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

/** For each time of the picture where in `t` it comes from, or -1 for a break's; undefined when there is no break. */
function sourcesOf(t: readonly number[], gap: number): number[] | undefined {
  let source: number[] | undefined;
  for (let i = 0; i < t.length; i++) {
    if (i > 0 && (t[i] ?? 0) - (t[i - 1] ?? 0) > gap) {
      source ??= Array.from({ length: i }, (_, before) => before);
      source.push(-1);
    }
    source?.push(i);
  }
  return source;
}

function timesOf(t: readonly number[], source: readonly number[], stepMs: number): number[] {
  return source.map((from, i) => (from < 0 ? (t[source[i - 1] ?? 0] ?? 0) + stepMs : (t[from] ?? 0)));
}

function pictureRow(
  { key, group, v, s, epoch }: Column,
  x: readonly number[],
  source: readonly number[] | undefined,
  gap: number,
): PictureRow {
  const drawn = epoch === undefined ? undefined : `${epoch} ${gap}`;
  if (source !== undefined) {
    const y = source.map((from) => (from < 0 ? undefined : v[from]));
    const states = source.map((from) => (from < 0 ? POINT_STATE.provisional : (s[from] ?? 0)));
    return { key, group, y: withBreaks(y, x, gap), s: states, epoch: drawn };
  }
  return { key, group, y: withBreaks(v.slice(), x, gap), s: s.slice(), epoch: drawn };
}

/** Puts a null into each stretch of holes that is longer than `gap`. */
function withBreaks(y: Cell[], x: readonly number[], gap: number): Cell[] {
  // Most have none, and are many.
  if (!y.includes(undefined)) return y;
  let last = -1;
  for (let i = 0; i < y.length; i++) {
    if (y[i] === undefined) continue;
    if (last >= 0 && i > last + 1 && (x[i] ?? 0) - (x[last] ?? 0) > gap) y[last + 1] = null;
    last = i;
  }
  return y;
}
