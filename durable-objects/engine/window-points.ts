import { itemLabel } from "../../protocol/aggregate-spec.ts";
import { type Group, POINT_STATE, type PointState, type Series } from "../../protocol/series.ts";
import type { Accumulator, CountedItem, Outcome } from "./aggregates/aggregate.ts";
import type { CompiledMetric } from "./compiled-metric.ts";
import { groupOf } from "./group-key.ts";

/** One window of one group: its end (epoch ms), the group's key, what it came to and its state. */
export interface WindowPoint {
  end: number;
  key: string;
  outcome: Outcome;
  state: PointState;
  /** What it can be merged by; absent of sealed sliding windows. */
  accumulator?: Accumulator;
}

/** How many points of series an outcome is: of a ranking or a histogram one for each item. */
export function countPoints(outcome: Outcome): number {
  return outcome === null || typeof outcome === "number" ? 1 : outcome.length;
}

/**
 * Gathers points into series in the order of their coming: one a group, or for a ranking or a histogram one for each group
 * and item, which is then a label like those of the group.
 */
export class SeriesBuilder {
  readonly #compiled: CompiledMetric;
  readonly #series = new Map<string, Series>();

  constructor(compiled: CompiledMetric) {
    this.#compiled = compiled;
  }

  add({ end, key, outcome, state }: WindowPoint): void {
    if (outcome === null || typeof outcome === "number") {
      push(this.#seriesOf(key), end, outcome, state);
      return;
    }
    for (const { item, count, error } of outcome) push(this.#seriesOf(key, item), end, count, state, error);
  }

  /** A point that is no more. */
  addGone(end: number, key: string, before: Outcome, state: PointState): void {
    this.addLeft(end, key, before, [], state);
    if (before === null || typeof before === "number") push(this.#seriesOf(key), end, null, state);
  }

  /** Items that were counted and are no more. */
  addLeft(end: number, key: string, before: Outcome, now: Outcome, state: PointState): void {
    if (!Array.isArray(before) || !Array.isArray(now)) return;
    const kept = new Set((now as CountedItem[]).map(({ item }) => item));
    for (const { item, error } of before as CountedItem[]) {
      if (kept.has(item)) continue;
      push(this.#seriesOf(key, item), end, null, state, error === undefined ? undefined : null);
    }
  }

  series(): Series[] {
    return [...this.#series.values()];
  }

  #seriesOf(key: string, item?: string): Series {
    const name = item === undefined ? key : `${key}\0${item}`;
    let series = this.#series.get(name);
    if (series === undefined) {
      const { groupBy, aggregate } = this.#compiled.metric;
      const group: Group = groupOf(groupBy, key);
      const label = itemLabel(aggregate);
      if (item !== undefined && label !== undefined) group[label] = item;
      series = { group, t: [], v: [], s: [] };
      this.#series.set(name, series);
    }
    return series;
  }
}

function push(
  series: Series,
  end: number,
  value: number | null,
  state: PointState,
  error?: number | null,
): void {
  series.t.push(end);
  series.v.push(value !== null && Number.isFinite(value) ? value : null);
  series.s.push(state);
  if (error !== undefined) (series.e ??= []).push(error);
}

/**
 * Points every `stepMs` instead of every window. Tumbling windows are merged: a point stands for all that ended
 * within the step before it. Of sliding windows those are taken that end at a step.
 *
 * @param points ascending in their ends; of tumbling windows, all that end within each step.
 * @param stepMs a multiple of the window's step.
 * @param closed ends of the last final and of the last sealed window: a step that ends later is not final, not sealed.
 */
export function* resample(
  compiled: CompiledMetric,
  points: Iterable<WindowPoint>,
  stepMs: number,
  closed: { finalEnd: number; sealedEnd: number },
): Generator<WindowPoint> {
  const { window } = compiled.metric;
  if (stepMs === window.everyMs || window.type === "sliding") {
    for (const point of points) if (point.end % stepMs === 0) yield point;
    return;
  }
  const merged = new Map<string, MergedPoint>();
  for (const point of points) mergeInto(merged, compiled, point, Math.ceil(point.end / stepMs) * stepMs);
  for (const { end, key, accumulator, state } of merged.values()) {
    const outcome = accumulator.result(stepMs);
    yield { end, key, accumulator, outcome, state: stateOfStep({ end, state }, closed) };
  }
}

/** Points of one metric as series. */
export function seriesOf(compiled: CompiledMetric, points: Iterable<WindowPoint>): Series[] {
  const builder = new SeriesBuilder(compiled);
  for (const point of points) builder.add(point);
  return builder.series();
}

interface MergedPoint {
  end: number;
  key: string;
  accumulator: Accumulator;
  state: PointState;
}

function mergeInto(
  merged: Map<string, MergedPoint>,
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
  if (point.accumulator !== undefined) sum.accumulator.merge(point.accumulator);
  sum.state = stateOfBoth(sum.state, point.state);
}

/** A step may have windows to come that no event has opened yet. */
export function stateOfStep(
  { end, state }: { end: number; state: PointState },
  { finalEnd, sealedEnd }: { finalEnd: number; sealedEnd: number },
): PointState {
  if (end > finalEnd) return POINT_STATE.provisional;
  return end > sealedEnd && state === POINT_STATE.sealed ? POINT_STATE.final : state;
}

/** A whole is open while a part is, sealed once all are, and revised if a part was. */
export function stateOfBoth(a: PointState, b: PointState): PointState {
  if (a === b) return a;
  if (a === POINT_STATE.provisional || b === POINT_STATE.provisional) return POINT_STATE.provisional;
  return a === POINT_STATE.revised || b === POINT_STATE.revised ? POINT_STATE.revised : POINT_STATE.final;
}
