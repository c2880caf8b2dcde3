import type { ContentfulStatusCode } from "hono/utils/http-status";
import { HttpError } from "../http-error.ts";
import { PromqlError } from "./promql/promql-error.ts";
import {
  type Column,
  labelKey,
  type Labels,
  type SampleSeries,
  type Steps,
  type Value,
} from "./promql/series.ts";

/** A success as the Prometheus API has it. */
export function success(data: unknown): Response {
  return Response.json({ status: "success", data });
}

/** Any error as the Prometheus API has it. */
export function promErrorResponse(error: unknown): Response {
  if (error instanceof PromqlError) {
    return failure(error.type === "bad_data" ? 400 : 422, error.type, error.message);
  }
  if (error instanceof HttpError) return failure(error.status, error.code, error.message, error.headers);
  // eslint-disable-next-line no-console -- the only trace that an unforeseen failure leaves.
  console.error(error);
  return failure(500, "internal", "something failed on our side; the request may be repeated");
}

function failure(
  status: ContentfulStatusCode,
  errorType: string,
  error: string,
  headers: Record<string, string> = {},
): Response {
  return Response.json({ status: "error", errorType, error }, { status, headers });
}

/** The result of an instant query. */
export function instantResult(value: Value, timeMs: number): object {
  if (value.type === "scalar") return { resultType: "scalar", result: sample(timeMs, value.values[0]) };
  const result = value.columns
    .filter(({ present }) => present[0] === 1)
    .map(({ labels, values }) => ({ metric: Object.fromEntries(labels), value: sample(timeMs, values[0]) }));
  return { resultType: "vector", result };
}

/** The result of an instant query for a range: the samples themselves. */
export function samplesResult(series: readonly SampleSeries[]): object {
  const result = series.map(({ labels, t, v }) => ({
    metric: Object.fromEntries(labels),
    values: t.map((ms, i) => sample(ms, v[i])),
  }));
  return { resultType: "matrix", result };
}

/** The result of a range query. */
export function rangeResult(value: Value, steps: Steps): object {
  const result = sorted(columnsOf(value, steps)).map(({ labels, values, present }) => ({
    metric: Object.fromEntries(labels),
    values: Array.from(values.keys())
      .filter((i) => present[i] === 1)
      .map((i) => sample(steps.startMs + i * steps.stepMs, values[i])),
  }));
  return { resultType: "matrix", result };
}

function columnsOf(value: Value, { count }: Steps): Column[] {
  if (value.type === "scalar") {
    return [{ labels: new Map(), values: value.values, present: new Uint8Array(count).fill(1) }];
  }
  return value.columns.filter(({ present }) => present.includes(1));
}

function sorted<T extends { labels: Labels }>(series: readonly T[]): T[] {
  const keyed = series.map((each) => ({ each, key: labelKey(each.labels) }));
  return keyed.sort((a, b) => (a.key < b.key ? -1 : 1)).map(({ each }) => each);
}

function sample(timeMs: number, value: number | undefined): [number, string] {
  return [timeMs / 1_000, numberText(value ?? Number.NaN)];
}

/** A number as Go writes it. */
export function numberText(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (Math.abs(value) === Number.POSITIVE_INFINITY) return value < 0 ? "-Inf" : "+Inf";
  // JavaScript changes to exponents where Go does, but for numbers between these.
  if (Object.is(value, -0)) return "-0";
  return String(value).replace(/e([+-])(\d)$/, "e$10$2");
}
