import { exceedsBytes, LIMITS } from "./limits.ts";
import { describe, fail, ok, type Result } from "./result.ts";

export const AGGREGATE_NAMES = [
  "count",
  "rate",
  "sum",
  "min",
  "max",
  "avg",
  "last",
  "percentile",
  "uniques",
  "topk",
  "histogram",
] as const;
export type AggregateName = (typeof AGGREGATE_NAMES)[number];

/** An aggregate function and what it is taken over: `value`, `user` or a prop; count and rate take nothing. */
export interface AggregateSpec {
  fn: AggregateName;
  field?: string;
  /** Of a percentile its p, 0 < p < 100; of topk its k. */
  parameter?: number;
}

const EXPECTED =
  "expected count, rate, sum(x), min(x), max(x), avg(x), last(x), uniques(x), topk(10, x), histogram(x) or a percentile such as p95(x)";

/** Reads `count`, `rate`, `fn(field)` such as `sum(value)`, `p99.9(value)` or `topk(10, campaign)`. */
export function parseAggregate(raw: unknown): Result<AggregateSpec> {
  // No two parts of the pattern can take the same character: it cannot be made to backtrack.
  const match = typeof raw === "string" ? /^([a-z]+)(\d[\d.]*)?\s*(?:\(([^()]*)\))?$/.exec(raw.trim()) : null;
  const [, word = "", digits, inside] = match ?? [];
  if (word === "p" && digits !== undefined) return parsePercentile(raw, digits, inside);
  const fn = AGGREGATE_NAMES.find((name) => name === word && name !== "percentile");
  if (fn === undefined || digits !== undefined) return bad(`aggregate is ${describe(raw)}; ${EXPECTED}`);
  const argument = inside?.trim() ?? "";
  if (fn === "topk") return parseTopK(argument);
  if (fn !== "count" && fn !== "rate") return withField(fn, fn, argument);
  return argument === "" ? ok({ fn }) : bad(`aggregate ${fn} takes no field, but has '${argument}'`);
}

function parsePercentile(raw: unknown, digits: string, inside: string | undefined): Result<AggregateSpec> {
  const p = Number(digits);
  if (!(p >= 0.1 && p <= 99.99)) {
    return bad(`aggregate is ${describe(raw)}; expected a percentile from p0.1 to p99.99`);
  }
  return withField("percentile", `p${digits}`, inside?.trim() ?? "", p);
}

function parseTopK(argument: string): Result<AggregateSpec> {
  const comma = argument.indexOf(",");
  const count = argument.slice(0, Math.max(0, comma)).trim();
  const k = /^\d{1,4}$/.test(count) ? Number(count) : Number.NaN;
  if (!(k >= 1 && k <= LIMITS.topItems)) {
    return bad(
      `aggregate topk is given ${describe(argument)}; expected topk(k, x) with k from 1 to ${LIMITS.topItems}`,
    );
  }
  return withField("topk", "topk", argument.slice(comma + 1).trim(), k);
}

function withField(
  fn: AggregateName,
  written: string,
  field: string,
  parameter?: number,
): Result<AggregateSpec> {
  if (field === "")
    return bad(`aggregate ${written} needs a field: ${written}(value), or ${written}(p) for a prop p`);
  if (!isKey(field)) {
    return bad(`aggregate's field is ${describe(field)}; expected at most ${LIMITS.keyBytes} bytes`);
  }
  return ok({ fn, field, ...(parameter === undefined ? {} : { parameter }) });
}

/**
 * The label that the series of an aggregate have beside those of their group: of a ranking its items, of a histogram its
 * buckets' upper bounds. Undefined where a group has one series.
 */
export function itemLabel({ fn, field = "value" }: AggregateSpec): string | undefined {
  return fn === "topk" || fn === "histogram" ? field : undefined;
}

/** What a metric is called whose aggregate has an {@link itemLabel}. */
export function itemisedName({ fn }: AggregateSpec): string {
  return fn === "topk" ? "a ranking" : "a histogram";
}

/** Whether an event may hold this as its name or as the key of a prop. */
export function isKey(value: unknown): value is string {
  return typeof value === "string" && value !== "" && !exceedsBytes(value, LIMITS.keyBytes);
}

function bad(message: string): { ok: false; reason: string; message: string } {
  return fail("metric", message);
}
