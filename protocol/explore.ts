import { LIMITS } from "./limits.ts";
import { type Metric, parseMetric } from "./metric.ts";
import { describe, fail, isObject, ok, type Result } from "./result.ts";
import { parseDuration, parseInstant } from "./time.ts";

/** A question over past events: a metric without a name, and the ends of the windows that are wanted. */
export interface ExploreQuestion {
  metric: Metric;
  fromMs: number;
  toMs: number;
  /** Distance of two points: a multiple of the window's step. */
  stepMs: number;
}

/** The name that a metric has while it is only tried. */
export const EXPLORED_NAME = "explored";
const LONGEST_SPAN_MS = 31 * 86_400_000;

/** Reads what `POST /v1/explore` takes: a definition without a name, `from`, `to` and, if wanted, `step`. */
export function parseExplore(raw: unknown, nowMs: number): Result<ExploreQuestion> {
  if (!isObject(raw)) return bad(`the question is ${describe(raw)}; expected an object`);
  const { from = "now-1h", to = "now", step, ...definition } = raw;
  const metric = parseMetric(EXPLORED_NAME, definition);
  if (!metric.ok) return metric;
  const fromMs = instant("from", from, nowMs);
  if (!fromMs.ok) return fromMs;
  const toMs = instant("to", to, nowMs);
  if (!toMs.ok) return toMs;
  const spanMs = toMs.value - fromMs.value;
  if (spanMs < 0) return bad(`from is ${fromMs.value}, later than to, ${toMs.value}`);
  if (spanMs > LONGEST_SPAN_MS)
    return bad(`from and to are ${spanMs} ms apart; the bound is ${LONGEST_SPAN_MS}, 31 days`);
  const { everyMs } = metric.value.window;
  const stepMs = step === undefined ? everyMs : typeof step === "number" ? step : parseDuration(step);
  if (stepMs === undefined || stepMs < 1 || stepMs % everyMs !== 0) {
    return bad(`step is ${describe(step)}; expected a multiple of the window's step, ${everyMs} ms`);
  }
  if (spanMs / stepMs > LIMITS.pointsPerSeries) {
    const points = Math.ceil(spanMs / stepMs);
    return bad(`from, to and step ask for ${points} points a series; the bound is ${LIMITS.pointsPerSeries}`);
  }
  return ok({ metric: metric.value, fromMs: fromMs.value, toMs: toMs.value, stepMs });
}

function instant(field: string, raw: unknown, nowMs: number): Result<number> {
  const parsed =
    typeof raw === "string" || typeof raw === "number" ? parseInstant(String(raw), nowMs) : undefined;
  if (parsed?.ok === true) return parsed;
  return bad(`${field} is ${describe(raw)}; expected epoch milliseconds, ISO 8601 or now-15m`);
}

function bad(message: string): { ok: false; reason: string; message: string } {
  return fail("explore", message);
}
