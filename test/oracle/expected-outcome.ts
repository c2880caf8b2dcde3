import type { AggregateSpec } from "../../protocol/aggregate-spec.ts";

/** What one event, or one session, gives to an aggregate: its time and the number or text that counts. */
export interface Sample {
  ts: number;
  x: number | string;
}

/** A ranking or a histogram as series carry it: each item or bucket with its count. */
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
  if (aggregate.fn === "histogram")
    return rankingFault(bucketCounts(samples.map(({ x }) => Number(x))), actual);
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
    case "histogram":
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

/** How many of `xs` are in each bucket, by its label, ascending: each bound in turn takes what no lower one has taken. */
export function bucketCounts(xs: readonly number[]): Ranking {
  const waiting = xs.toSorted((a, b) => a - b);
  const counts = new Map<string, number>();
  let at = 0;
  for (const [label, bound] of bucketBounds()) {
    const before = at;
    while (at < waiting.length && (waiting[at] ?? 0) <= bound) at++;
    if (at > before) counts.set(label, at - before);
  }
  return counts;
}

/** All upper bounds with their labels, ascending: R20 of ISO 3 from 1e-9 to 1e15, of both signs, 0 and infinity. */
function bucketBounds(): [label: string, bound: number][] {
  const mantissas = "1 1.12 1.25 1.4 1.6 1.8 2 2.24 2.5 2.8 3.15 3.55 4 4.5 5 5.6 6.3 7.1 8 9".split(" ");
  const exponents = Array.from({ length: 24 }, (_, i) => i - 9);
  const magnitudes = exponents.flatMap((exponent) =>
    mantissas.map((digits) => Number(`${digits}e${exponent}`)),
  );
  magnitudes.push(1e15);
  const bounds = [...magnitudes.map((magnitude) => -magnitude).reverse(), 0, ...magnitudes];
  return [...bounds.map((bound): [string, number] => [String(bound), bound]), ["+Inf", Infinity]];
}

function rankingFault(wanted: Ranking, actual: number | null | Ranking): string | undefined {
  const text = (ranking: Ranking) => JSON.stringify([...ranking].sort());
  if (actual === null || typeof actual === "number") return `${JSON.stringify(actual)} instead of a ranking`;
  return text(actual) === text(wanted) ? undefined : `${text(actual)} instead of ${text(wanted)}`;
}
