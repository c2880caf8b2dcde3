import { LIMITS } from "../protocol/limits.ts";
import type { WindowSpec } from "../protocol/window-spec.ts";
import type { Span } from "./metric-reader.ts";

/** A question to one metric: ends of windows in `[fromMs, toMs]`, one point every `stepMs` if given. */
export interface WindowQuery {
  metric: string;
  fromMs: number;
  toMs: number;
  stepMs?: number;
  /** Whether `toMs` is the clock's time, or later. */
  upToNow: boolean;
  groups?: Record<string, string>[];
  mostPoints: number;
}

/** JSON of the answer, or why there is none. */
export type WindowAnswer = { ok: true; body: string } | Refusal;

export interface Refusal {
  ok: false;
  reason: "unknown_metric" | "step" | "points" | "unavailable";
  message: string;
}

/** The span that a query asks for, or why it cannot be had. */
export function spanOf(query: WindowQuery, { everyMs, type }: WindowSpec): Span | Refusal {
  const stepMs = query.stepMs ?? everyMs;
  if (stepMs % everyMs !== 0) {
    const what = type === "sliding" ? "window's step" : "window's size";
    const message = `step is ${stepMs} ms; expected a multiple of the ${what}, ${everyMs} ms`;
    return { ok: false, reason: "step", message };
  }
  const points = (query.toMs - query.fromMs) / stepMs;
  if (points > query.mostPoints) {
    const message = `from, to and step ask for ${Math.ceil(points)} points a series; the bound is ${query.mostPoints}`;
    return { ok: false, reason: "points", message };
  }
  // A span that reaches up to now holds the window that is open now, though that ends later.
  return { fromMs: query.fromMs, toMs: query.upToNow ? query.toMs + stepMs : query.toMs, stepMs };
}

/** The span of a snapshot, or why it cannot be had. */
export function latestSpan(rangeMs: number, { everyMs }: WindowSpec, nowMs: number): Span | Refusal {
  const points = Math.ceil(rangeMs / everyMs);
  if (points <= LIMITS.pointsPerSeries) {
    return { fromMs: nowMs - rangeMs, toMs: nowMs + everyMs, stepMs: everyMs };
  }
  const message = `range asks for ${points} points a series; the bound is ${LIMITS.pointsPerSeries}`;
  return { ok: false, reason: "points", message };
}

export function unknownMetric(name: string): Refusal {
  return { ok: false, reason: "unknown_metric", message: `there is no metric '${name}'` };
}
