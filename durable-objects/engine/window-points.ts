import { POINT_STATE, type PointState, type Series } from "../../protocol/series.ts";
import type { Accumulator } from "./aggregates/aggregate.ts";
import type { CompiledMetric } from "./compiled-metric.ts";
import { groupOf } from "./group-key.ts";

/** One window of one group: its end (epoch ms), the group's key, its aggregate and its state. */
export interface WindowPoint {
  end: number;
  key: string;
  accumulator: Accumulator;
  state: PointState;
}

/** Gathers points into series, one a group, in the order of their coming. */
export class SeriesBuilder {
  readonly #compiled: CompiledMetric;
  readonly #windowMs: number;
  readonly #series = new Map<string, Series>();

  /** @param windowMs the length of time that each point is an aggregate of. */
  constructor(compiled: CompiledMetric, windowMs: number) {
    this.#compiled = compiled;
    this.#windowMs = windowMs;
  }

  add({ end, key, accumulator, state }: WindowPoint): void {
    this.addValue(end, key, accumulator.result(this.#windowMs), state);
  }

  addValue(end: number, key: string, value: number | null, state: PointState): void {
    let series = this.#series.get(key);
    if (series === undefined) {
      series = { group: groupOf(this.#compiled.metric.groupBy, key), t: [], v: [], s: [] };
      this.#series.set(key, series);
    }
    series.t.push(end);
    series.v.push(value !== null && Number.isFinite(value) ? value : null);
    series.s.push(state);
  }

  series(): Series[] {
    return [...this.#series.values()];
  }
}

/**
 * Points every `stepMs` instead of every window. Tumbling windows are merged: a point stands for all that ended
 * within the step before it. Of sliding windows those are taken that end at a step.
 *
 * @param points ascending in their ends; of tumbling windows, all that end within each step.
 * @param stepMs a multiple of the window's step.
 * @param closed ends of the last final and of the last sealed window: a step that ends later is not final, not sealed.
 */
export function resample(
  compiled: CompiledMetric,
  points: Iterable<WindowPoint>,
  stepMs: number,
  closed: { finalEnd: number; sealedEnd: number },
): Series[] {
  const { window } = compiled.metric;
  if (stepMs === window.everyMs || window.type === "sliding") {
    const builder = new SeriesBuilder(compiled, window.sizeMs);
    for (const point of points) if (point.end % stepMs === 0) builder.add(point);
    return builder.series();
  }
  const merged = new Map<string, WindowPoint>();
  for (const point of points) mergeInto(merged, compiled, point, Math.ceil(point.end / stepMs) * stepMs);
  const builder = new SeriesBuilder(compiled, stepMs);
  for (const point of merged.values()) builder.add({ ...point, state: stateOfStep(point, closed) });
  return builder.series();
}

function mergeInto(
  merged: Map<string, WindowPoint>,
  compiled: CompiledMetric,
  point: WindowPoint,
  end: number,
): void {
  const name = `${end} ${point.key}`;
  let sum = merged.get(name);
  if (sum === undefined) {
    sum = { end, key: point.key, accumulator: compiled.aggregate.create(), state: point.state };
    merged.set(name, sum);
  }
  sum.accumulator.merge(point.accumulator);
  sum.state = stateOfBoth(sum.state, point.state);
}

/** A step may have windows to come that no event has opened yet. */
function stateOfStep(
  { end, state }: WindowPoint,
  { finalEnd, sealedEnd }: { finalEnd: number; sealedEnd: number },
): PointState {
  if (end > finalEnd) return POINT_STATE.provisional;
  return end > sealedEnd && state === POINT_STATE.sealed ? POINT_STATE.final : state;
}

/** A whole is open while a part is, sealed once all are, and revised if a part was. */
function stateOfBoth(a: PointState, b: PointState): PointState {
  if (a === b) return a;
  if (a === POINT_STATE.provisional || b === POINT_STATE.provisional) return POINT_STATE.provisional;
  return a === POINT_STATE.revised || b === POINT_STATE.revised ? POINT_STATE.revised : POINT_STATE.final;
}
