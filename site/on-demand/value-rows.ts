import { upperBound } from "../../protocol/histogram-buckets.ts";

/** How many of the finest bounds a row may have: 20, 10, 5, 2 and 1 of them make a decade. */
const STEPS = [1, 2, 4, 10, 20] as const;
/** An axis stays as it was until it is longer than this many times what is needed: it would jump with each rare value. */
const LONGER = 1.5;

/** The buckets that an axis reaches over, of each sign from the first to the last, and whether zero is on it. */
export interface Reach {
  negative: [first: number, last: number] | undefined;
  zero: boolean;
  positive: [first: number, last: number] | undefined;
}

/** The rows of an axis of values, ascending. */
export interface ValueRows {
  reach: Reach;
  /** How many of the finest buckets one row is. */
  step: number;
  /** Numbers of the rows, ascending: 0 is zero, and there are none between it and the first that is needed. */
  rows: number[];
}

/** What the buckets reach over; both signs have zero between them. */
export function reachOf(buckets: Iterable<number>): Reach {
  const reach: Reach = { negative: undefined, zero: false, positive: undefined };
  for (const bucket of buckets) {
    if (bucket === 0) reach.zero = true;
    else if (bucket > 0) reach.positive = widened(reach.positive, bucket);
    else reach.negative = widened(reach.negative, bucket);
  }
  if (reach.negative !== undefined && reach.positive !== undefined) reach.zero = true;
  return reach;
}

/** The rows for what is needed: the finest of which there are no more than `mostRows`, or the coarsest. */
export function valueRows(needed: Reach, mostRows: number, before?: ValueRows): ValueRows {
  const reach = before === undefined ? needed : steadied(needed, before.reach);
  const step = STEPS.find((each) => rowsOf(reach, each).length <= mostRows) ?? 20;
  return { reach, step, rows: rowsOf(reach, step) };
}

/** The row of a bucket, when a row is `step` buckets: rows end at bounds that are multiples of it. */
export function rowOf(bucket: number, step: number): number {
  if (bucket === 0) return 0;
  return bucket > 0 ? Math.ceil((bucket - 1) / step) + 1 : -Math.floor((-bucket - 1) / step) - 1;
}

/** The values of a row: greater than `lower`, not greater than `upper`. */
export function rowBounds(row: number, step: number): { lower: number; upper: number } {
  return { lower: upperOf(row - 1, step), upper: upperOf(row, step) };
}

function upperOf(row: number, step: number): number {
  if (row === 0) return 0;
  return upperBound(row > 0 ? (row - 1) * step + 1 : (row + 1) * step - 1);
}

/**
 * Where values stand on the axis: row i is from i to i + 1. Undefined for what is not on it, and for zero, which is no
 * point of a logarithmic axis.
 */
export function placeOf(value: number, { step, rows }: ValueRows): number | undefined {
  if (value === 0) return undefined;
  const i = rows.findIndex((row) => {
    const { lower, upper } = rowBounds(row, step);
    return row !== 0 && value >= lower && value <= upper;
  });
  const row = rows[i];
  if (row === undefined) return undefined;
  const { lower, upper } = rowBounds(row, step);
  if (value === upper) return i + 1;
  if (value === lower) return i;
  if (lower === 0 || !Number.isFinite(lower) || !Number.isFinite(upper)) return undefined;
  return i + Math.log(value / lower) / Math.log(upper / lower);
}

function rowsOf({ negative, zero, positive }: Reach, step: number): number[] {
  const of = (range: [number, number] | undefined): number[] => {
    if (range === undefined) return [];
    const [first, last] = [rowOf(range[0], step), rowOf(range[1], step)];
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  };
  return [...of(negative), ...(zero ? [0] : []), ...of(positive)];
}

/** What there was, too, unless that is too long by now. */
function steadied(needed: Reach, before: Reach): Reach {
  const both = reachOf([...endsOf(needed), ...endsOf(before)]);
  return rowsOf(both, 1).length <= rowsOf(needed, 1).length * LONGER ? both : needed;
}

function endsOf({ negative, zero, positive }: Reach): number[] {
  return [...(negative ?? []), ...(zero ? [0] : []), ...(positive ?? [])];
}

function widened(range: [number, number] | undefined, bucket: number): [number, number] {
  return range === undefined ? [bucket, bucket] : [Math.min(range[0], bucket), Math.max(range[1], bucket)];
}
