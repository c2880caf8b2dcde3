import { LIMITS } from "../../protocol/limits.ts";
import type { TierSpan } from "../../protocol/series.ts";
import type { View } from "../../protocol/view.ts";
import type { WindowSpec } from "../../protocol/window-spec.ts";
import type { DefinedMetric } from "../engine/compiled-metric.ts";
import type { Span } from "./metric-reader.ts";
import type { ObjectCoverage, Plan } from "../tiers/plan.ts";

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
  /** Of `stepMs`: no more steps than this from the first on, and where the next page begins. Absent: all at once. */
  pageSteps?: number;
}

/** JSON of the answer, or why there is none. */
export type WindowAnswer = { ok: true; body: string } | Refusal;

/** Where the points of a query are, when the window objects alone cannot answer it. */
export interface StitchPlan {
  metric: string;
  /** Of a view: what it computes from the inputs. */
  view?: View;
  stepMs: number;
  /** A view's two, in the order of `viewInputs`; of a metric itself one. */
  inputs: StitchInput[];
  /** Windows that end by then are closed, epoch ms. */
  closedMs: number;
  tiers: TierSpan[];
  /** The span that is answered: all that was asked for, or a page of it. Epoch ms. */
  fromMs: number;
  toMs: number;
  /** Where the next page begins; absent: there is none. */
  nextMs?: number;
}

export interface StitchInput {
  defined: DefinedMetric;
  /** The window objects that have the metric: more than one where it is split. */
  objects: PlannedObject[];
  plan: Plan;
}

/** A window object, and which of its rows are newer than what was planned by. */
export type PlannedObject = { name: string } & Pick<ObjectCoverage, "nextRow">;

/** JSON of the answer, of a {@link StitchPlan}, or why there is neither. */
export type QueryOutcome = { ok: true; body: string } | { ok: true; plan: string } | Refusal;

export interface Refusal {
  ok: false;
  /** `moved`: what it was planned by is not so any more; planned again it may be answered. */
  reason: "unknown_metric" | "step" | "points" | "unavailable" | "moved";
  message: string;
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

export function planMoved(): Refusal {
  return { ok: false, reason: "moved", message: "points have moved since it was planned where to read them" };
}

export function tooManyPoints({ message }: Error): Refusal {
  return { ok: false, reason: "points", message };
}
