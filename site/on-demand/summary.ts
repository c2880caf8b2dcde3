import type { Picture } from "../chart/picture.ts";

/** What a series did over a span of time. */
export interface Summary {
  low: number;
  mean: number;
  high: number;
}

/** Sums up one row at and after `fromMs`; undefined when it has no value there. */
export function summaryOf({ x, rows }: Picture, row: number, fromMs: number): Summary | undefined {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  let sum = 0;
  let count = 0;
  for (const [i, value] of (rows[row]?.y ?? []).entries()) {
    if (typeof value !== "number" || (x[i] ?? 0) < fromMs) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
    sum += value;
    count++;
  }
  return count === 0 ? undefined : { low, high, mean: sum / count };
}
