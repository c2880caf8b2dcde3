import { labelledBucket } from "../../protocol/histogram-buckets.ts";
import { POINT_STATE, type PointState } from "../../protocol/series.ts";
import { lowerBound, type SeriesBuffer } from "../series/series.ts";
import type { FixedRange } from "../time/time-range.ts";
import type { Traits } from "../series/traits.ts";
import { rowOf, type ValueRows } from "./value-rows.ts";

/** How a value was distributed, one column of counts after another. */
export interface Distribution {
  /** Ends of the columns that have points, epoch ms, ascending. */
  t: number[];
  s: PointState[];
  /** By the number of a bucket its count in each column. */
  counts: Map<number, number[]>;
}

/**
 * The columns of a histogram within a span, each `columnMs` long: of windows that do not overlap the sum of those in it,
 * of others the last one. Groups are added up.
 *
 * @param columnMs a multiple of the distance of two points.
 */
export function distributionOf(
  { t, columns }: SeriesBuffer,
  { bucketKey = "", tumbling }: Traits,
  { fromMs, toMs }: FixedRange,
  columnMs: number,
): Distribution {
  const first = lowerBound(t, Math.floor(fromMs / columnMs) * columnMs + 1);
  const rows = t.slice(first, lowerBound(t, toMs + columnMs));
  const ends = rows.map((ms) => Math.ceil(ms / columnMs) * columnMs);
  const found = [...new Set(ends)];
  const s = found.map((): PointState => POINT_STATE.sealed);
  const counts = new Map<number, number[]>();
  let place = -1;
  const places = ends.map((ms, i) => {
    if (ms !== ends[i - 1]) place++;
    return tumbling || ms !== ends[i + 1] ? place : -1;
  });
  for (const column of columns.values()) {
    const bucket = labelledBucket(column.group[bucketKey] ?? "");
    if (bucket === undefined) continue;
    let ofBucket = counts.get(bucket);
    for (let i = 0; i < rows.length; i++) {
      const at = places[i] ?? -1;
      const value = column.v[first + i];
      if (at < 0 || typeof value !== "number" || value <= 0) continue;
      if (ofBucket === undefined) counts.set(bucket, (ofBucket = found.map(() => 0)));
      ofBucket[at] = (ofBucket[at] ?? 0) + value;
      s[at] = stateOfBoth(s[at] ?? POINT_STATE.provisional, column.s[first + i] ?? POINT_STATE.provisional);
    }
  }
  // The newest column may have windows to come.
  if ((found.at(-1) ?? 0) > (rows.at(-1) ?? 0)) s[s.length - 1] = POINT_STATE.provisional;
  return { t: found, s, counts };
}

/** The counts of each row of an axis, column by column; 0 where a column has no event in a row. */
export function rowCounts({ t, counts }: Distribution, { rows, step }: ValueRows): number[][] {
  const places = new Map(rows.map((row, place) => [row, place]));
  const found = rows.map(() => t.map(() => 0));
  for (const [bucket, ofBucket] of counts) {
    const row = found[places.get(rowOf(bucket, step)) ?? -1];
    if (row === undefined) continue;
    for (const [i, count] of ofBucket.entries()) row[i] = (row[i] ?? 0) + count;
  }
  return found;
}

/** A column is open while a part of it is, and revised where a part was. */
function stateOfBoth(a: PointState, b: PointState): PointState {
  if (a === POINT_STATE.provisional || b === POINT_STATE.provisional) return POINT_STATE.provisional;
  if (a === POINT_STATE.revised || b === POINT_STATE.revised) return POINT_STATE.revised;
  return a < b ? a : b;
}
