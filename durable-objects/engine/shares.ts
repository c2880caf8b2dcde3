import type { PointState, Series } from "../../protocol/series.ts";
import type { Encoded } from "./aggregates/aggregate.ts";
import type { CompiledMetric } from "./compiled-metric.ts";
import { otherKey } from "./group-key.ts";
import { SeriesBuilder, stateOfBoth, stateOfStep, type WindowPoint } from "./window-points.ts";

/**
 * What one window object has of a split metric. Groups are in one object each; only `__other__` is in all of them, and
 * is merged by its state: `[window end, state, point state]`.
 */
export interface ShareReading {
  series: Series[];
  other: [endMs: number, state: Encoded, s: PointState][];
  watermark: number | null;
  /** Ends of the last final and of the last sealed window of this share. */
  closed: { finalEnd: number; sealedEnd: number };
}

/** The share that some points are. */
export function shareOf(
  compiled: CompiledMetric,
  points: Iterable<WindowPoint>,
): Pick<ShareReading, "series" | "other"> {
  const other = otherKey(compiled.metric.groupBy);
  const builder = new SeriesBuilder(compiled);
  const folded: ShareReading["other"] = [];
  for (const point of points) {
    if (point.key !== other || point.accumulator === undefined) builder.add(point);
    else folded.push([point.end, point.accumulator.encode(), point.state]);
  }
  return { series: builder.series(), other: folded };
}

/**
 * A split metric as if it were whole.
 *
 * @param windowMs the length of time that each point is an aggregate of.
 */
export function mergeShares(
  compiled: CompiledMetric,
  shares: readonly ShareReading[],
  windowMs: number,
): Series[] {
  const key = otherKey(compiled.metric.groupBy);
  const merged = new Map<number, WindowPoint>();
  for (const [end, encoded, s] of shares.flatMap(({ other }) => other)) {
    const accumulator = compiled.aggregate.decode(encoded);
    const known = merged.get(end);
    if (known?.accumulator !== undefined) accumulator.merge(known.accumulator);
    const state = known === undefined ? s : stateOfBoth(known.state, s);
    merged.set(end, { end, key, accumulator, outcome: accumulator.result(windowMs), state });
  }
  const builder = new SeriesBuilder(compiled);
  // A share that lags behind may still add to what the others have closed.
  const closed = {
    finalEnd: Math.min(...shares.map((share) => share.closed.finalEnd)),
    sealedEnd: Math.min(...shares.map((share) => share.closed.sealedEnd)),
  };
  for (const end of [...merged.keys()].sort((a, b) => a - b)) {
    const point = merged.get(end);
    if (point !== undefined) builder.add({ ...point, state: stateOfStep(point, closed) });
  }
  return [...shares.flatMap(({ series }) => series), ...builder.series()];
}
