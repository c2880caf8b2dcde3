import { itemLabel } from "../../protocol/aggregate-spec.ts";
import type { Metric } from "../../protocol/metric.ts";
import type { PointState, Series } from "../../protocol/series.ts";
import type { Ranking } from "../oracle/expected-outcome.ts";
import { groupName } from "../oracle/metric-oracle.ts";

/** One window of one group, as an answer has it. */
export interface Point {
  outcome: number | null | Ranking;
  state: PointState;
}

/** Window end (epoch ms) to group to point. */
export type Points = Map<number, Map<string, Point>>;

/** The points of an answer; of rankings and histograms, items are put together again. Throws when a point is there twice. */
export function pointsOf(metric: Metric, series: readonly Series[]): Points {
  const points: Points = new Map();
  for (const { group, t, v, s, e } of series) {
    const name = groupName(metric.groupBy.map((key) => group[key] ?? ""));
    const label = itemLabel(metric.aggregate);
    const item = label === undefined ? undefined : group[label];
    for (const [i, end] of t.entries()) {
      const groups = points.get(end) ?? new Map<string, Point>();
      points.set(end, groups);
      const point = { outcome: v[i] ?? null, state: s[i] ?? 0 };
      if (item === undefined) putOnce(groups, name, point);
      else if ((e?.[i] ?? 0) !== 0) throw new Error(`the count of ${item} is said to be inexact`);
      else putItem(groups, name, item, point);
    }
  }
  return points;
}

/** Sums of fractions may differ in their last bits: a restart adds them up in another order. */
const ROUNDING = 1e-12;

/** Whether two points come to the same, to rounding. */
export function isSame({ outcome: a }: Point, b: Point | undefined): boolean {
  if (typeof a === "number" && typeof b?.outcome === "number") {
    return Math.abs(a - b.outcome) <= ROUNDING * Math.max(1, Math.abs(a));
  }
  if (!(a instanceof Map) || !(b?.outcome instanceof Map)) return a === b?.outcome;
  return JSON.stringify([...a]) === JSON.stringify([...b.outcome]);
}

function putOnce(groups: Map<string, Point>, name: string, point: Point): void {
  if (groups.has(name)) throw new Error(`a point of ${name} stands twice`);
  groups.set(name, point);
}

function putItem(groups: Map<string, Point>, name: string, item: string, { outcome, state }: Point): void {
  const ranking = new Map(groups.get(name)?.outcome as Ranking | undefined);
  if (ranking.has(item)) throw new Error(`item ${item} of ${name} stands twice`);
  groups.set(name, { outcome: ranking.set(item, Number(outcome)), state });
}
