import { POINT_STATE } from "../../protocol/series.ts";
import type { Accumulator, Encoded, Outcome } from "./aggregates/aggregate.ts";
import type { CompiledMetric } from "./compiled-metric.ts";
import { otherKey } from "./group-key.ts";
import type { WindowPoint } from "./window-points.ts";

/** A sealed point on its way to the stores: `[window end, group key, what is kept, was revised]`. */
export type SealedPoint = [endMs: number, key: string, kept: Encoded | Outcome, revised: 0 | 1];

/**
 * What is kept of a window. Windows that do not overlap keep their state, to be merged to coarser steps. Of sliding
 * windows nobody can add up two: the outcome will do, and is smaller. `__other__` is merged over the shards of a metric.
 */
function keepsState({ metric }: CompiledMetric, key: string): boolean {
  return metric.window.type !== "sliding" || (metric.shards > 1 && key === otherKey(metric.groupBy));
}

export function keepSealed(
  compiled: CompiledMetric,
  end: number,
  key: string,
  accumulator: Accumulator,
  revised: boolean,
): SealedPoint {
  const kept = keepsState(compiled, key)
    ? accumulator.encode()
    : keepOutcome(accumulator.result(compiled.metric.window.sizeMs));
  return [end, key, kept, revised ? 1 : 0];
}

/**
 * What {@link keepSealed} kept.
 *
 * @param spanMs the length of time that the point is an aggregate of; by default a window's.
 */
export function readSealed(
  compiled: CompiledMetric,
  [end, key, kept]: SealedPoint,
  spanMs = compiled.metric.window.sizeMs,
): WindowPoint {
  const state = POINT_STATE.sealed;
  if (!keepsState(compiled, key)) return { end, key, outcome: kept as Outcome, state };
  const accumulator = compiled.aggregate.decode(kept as Encoded);
  return { end, key, outcome: accumulator.result(spanMs), accumulator, state };
}

/** JSON has no infinities; a point without a number has none. */
export function keepOutcome(outcome: Outcome): Outcome {
  return typeof outcome === "number" && !Number.isFinite(outcome) ? null : outcome;
}
