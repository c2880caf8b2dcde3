import type { AggregateSpec } from "../../protocol/aggregate-spec.ts";

/** What one event, or one session, gives to an aggregate: its time and the number or text that counts. */
export interface Sample {
  ts: number;
  x: number | string;
}

/** A ranking as a series carries it: each item with its count. */
export type Ranking = ReadonlyMap<string, number>;

/** Bound of a percentile's relative error. */
const PERCENTILE_ERROR = 0.01;
/** Sums of fractions differ in their last bits with the order of adding. */
const ROUNDING = 1e-9;

/**
 * What is wrong with `actual` as the aggregate of `samples` over `windowMs`, or undefined. Everything is exact, but for
 * rounding, and percentiles, which are within 1 % of the value of their rank.
 */
export function outcomeFault(
  aggregate: AggregateSpec,
  samples: readonly Sample[],
  windowMs: number,
  actual: number | null | Ranking,
): string | undefined {
  if (aggregate.fn === "topk") return rankingFault(topOf(samples, aggregate.parameter ?? 0), actual);
  const wanted = numberOf(aggregate, samples, windowMs);
  const relative = aggregate.fn === "percentile" ? PERCENTILE_ERROR + ROUNDING : ROUNDING;
  if (typeof actual === "number" && Math.abs(actual - wanted) <= ROUNDING + relative * Math.abs(wanted)) {
    return undefined;
  }
  return `${JSON.stringify(actual)} instead of ${wanted}, of ${samples.length} samples`;
}

function numberOf(
  { fn, parameter = 0 }: AggregateSpec,
  samples: readonly Sample[],
  windowMs: number,
): number {
  const values = samples.map(({ x }) => Number(x)).sort((a, b) => a - b);
  const total = values.reduce((sum, value) => sum + value, 0);
  switch (fn) {
    case "count":
      return samples.length;
    case "rate":
      return samples.length / (windowMs / 1_000);
    case "sum":
      return total;
    case "min":
      return values[0] ?? Number.NaN;
    case "max":
      return values.at(-1) ?? Number.NaN;
    case "avg":
      return total / values.length;
    case "last":
      return lastOf(samples);
    case "percentile":
      return values[Math.floor((parameter / 100) * (values.length - 1))] ?? Number.NaN;
    case "uniques":
      return new Set(samples.map(({ x }) => String(x))).size;
    case "topk":
      return Number.NaN;
  }
}

/** The value at the greatest time; of several there, the greatest. */
function lastOf(samples: readonly Sample[]): number {
  const latest = Math.max(...samples.map(({ ts }) => ts));
  return Math.max(...samples.filter(({ ts }) => ts === latest).map(({ x }) => Number(x)));
}

/** The `k` most frequent items; of equally frequent ones the lesser come first. */
function topOf(samples: readonly Sample[], k: number): Ranking {
  const counts = new Map<string, number>();
  for (const { x } of samples) counts.set(String(x), (counts.get(String(x)) ?? 0) + 1);
  const ranking = [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
  return new Map(ranking.slice(0, k));
}

function rankingFault(wanted: Ranking, actual: number | null | Ranking): string | undefined {
  const text = (ranking: Ranking) => JSON.stringify([...ranking].sort());
  if (actual === null || typeof actual === "number") return `${JSON.stringify(actual)} instead of a ranking`;
  return text(actual) === text(wanted) ? undefined : `${text(actual)} instead of ${text(wanted)}`;
}
