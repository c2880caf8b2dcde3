import type { RangeFunction } from "./expression.ts";

/** The samples of one series within one range: `from` to `to` (exclusive) of the columns `t` (epoch ms) and `v`. */
export interface RangeSamples {
  t: readonly number[];
  v: readonly number[];
  from: number;
  to: number;
  /** The range is `(startMs, endMs]`. */
  startMs: number;
  endMs: number;
}

/** The value of a function over a range; undefined: there are too few samples. */
export function applyRangeFunction(name: RangeFunction, samples: RangeSamples): number | undefined {
  const { v, from, to } = samples;
  if (from === to) return undefined;
  switch (name) {
    case "rate":
      return increaseOf(samples, (samples.endMs - samples.startMs) / 1_000);
    case "increase":
      return increaseOf(samples, 1);
    case "sum_over_time":
      return exactSum(v, from, to);
    case "avg_over_time":
      return average(v, from, to);
    case "min_over_time":
      return extreme(v, from, to, (a, b) => a < b);
    case "max_over_time":
      return extreme(v, from, to, (a, b) => a > b);
    case "count_over_time":
      return to - from;
    case "last_over_time":
      return v[to - 1];
  }
}

/** The sum by Kahan's and Neumaier's method, as Prometheus adds. */
function exactSum(v: readonly number[], from: number, to: number): number {
  let sum = 0;
  let lost = 0;
  for (let i = from; i < to; i++) {
    const value = v[i] ?? 0;
    const next = sum + value;
    if (Number.isFinite(next))
      lost += Math.abs(sum) >= Math.abs(value) ? sum - next + value : value - next + sum;
    else lost = 0;
    sum = next;
  }
  return sum + lost;
}

function average(v: readonly number[], from: number, to: number): number {
  const count = to - from;
  const sum = exactSum(v, from, to);
  if (Number.isFinite(sum)) return sum / count;
  let mean = 0;
  for (let i = from; i < to; i++) mean += (v[i] ?? 0) / count;
  return mean;
}

function extreme(
  v: readonly number[],
  from: number,
  to: number,
  isBetter: (a: number, b: number) => boolean,
): number {
  let best = v[from] ?? Number.NaN;
  for (let i = from + 1; i < to; i++) {
    const value = v[i] ?? Number.NaN;
    if (isBetter(value, best) || Number.isNaN(best)) best = value;
  }
  return best;
}

/**
 * What a counter has risen by within the range, extended to the range's ends as Prometheus does: all the way where the
 * first or last sample is near them, else by half the distance of two samples; and never to below zero.
 */
function increaseOf({ t, v, from, to, startMs, endMs }: RangeSamples, divisor: number): number | undefined {
  if (to - from < 2) return undefined;
  const firstMs = t[from] ?? 0;
  const lastMs = t[to - 1] ?? 0;
  const first = v[from] ?? 0;
  const risen = counterRise(v, from, to);
  const sampledS = (lastMs - firstMs) / 1_000;
  const betweenS = sampledS / (to - from - 1);
  const threshold = betweenS * 1.1;
  let beforeS = (firstMs - startMs) / 1_000;
  if (beforeS >= threshold) beforeS = betweenS / 2;
  if (risen > 0 && first >= 0) beforeS = Math.min(beforeS, sampledS * (first / risen));
  let afterS = (endMs - lastMs) / 1_000;
  if (afterS >= threshold) afterS = betweenS / 2;
  return (risen * ((sampledS + beforeS + afterS) / sampledS)) / divisor;
}

/** The rise from first to last; a counter that falls has begun anew at zero. */
function counterRise(v: readonly number[], from: number, to: number): number {
  let rise = (v[to - 1] ?? 0) - (v[from] ?? 0);
  for (let i = from + 1; i < to; i++) {
    const before = v[i - 1] ?? 0;
    if ((v[i] ?? 0) < before) rise += before;
  }
  return rise;
}
