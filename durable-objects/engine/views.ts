import type { Metric } from "../../protocol/metric.ts";
import { type Group, POINT_STATE, type PointState, type Series } from "../../protocol/series.ts";
import type { View } from "../../protocol/view.ts";
import { stateOfBoth } from "./window-points.ts";

interface Point {
  v: number | null;
  s: PointState;
}

/** Points by their windows' ends. */
type PointsByEnd = Map<number, Point>;

/** An aggregate over no events at all: zero, rather than nothing. */
export const ZERO_WHEN_EMPTY = new Set(["count", "rate", "sum", "uniques"]);

/** A metric that a view is computed from, and by how much earlier its points are. */
export interface ViewInput {
  metric: string;
  agoMs: number;
}

/** What a view is computed from, in the order of {@link viewSeries}. */
export function viewInputs(view: View): [ViewInput, ViewInput] {
  if (view.type === "change") {
    return [
      { metric: view.metric, agoMs: 0 },
      { metric: view.metric, agoMs: view.agoMs },
    ];
  }
  return [
    { metric: view.numerator, agoMs: 0 },
    { metric: view.denominator, agoMs: 0 },
  ];
}

/**
 * The points of a view.
 *
 * @param inputs points of what {@link viewInputs} names.
 * @param closedMs windows that end by then have had all their events, epoch ms.
 */
export function viewSeries(
  view: View,
  [first, second]: readonly [InputSeries, InputSeries],
  closedMs: number,
): Series[] {
  const emptyIsZero = ZERO_WHEN_EMPTY.has(first.metric.aggregate.fn);
  if (view.type === "change") {
    return changeSeries(first.series, second.series, view, {
      keys: first.metric.groupBy,
      emptyIsZero,
      closedMs,
      sealedMs: closedMs - first.metric.latenessMs,
    });
  }
  return ratioSeries(first.series, second.series, {
    numeratorKeys: first.metric.groupBy,
    denominatorKeys: second.metric.groupBy,
    emptyIsZero,
  });
}

interface InputSeries {
  metric: Metric;
  series: readonly Series[];
}

/** The two metrics of a ratio: how they are grouped, and whether no events of the numerator are a zero. */
export interface RatioInputs {
  numeratorKeys: readonly string[];
  denominatorKeys: readonly string[];
  emptyIsZero: boolean;
}

/**
 * The points of a ratio: each of the numerator's by that of the denominator's group that it belongs to. A window in
 * which the denominator has something and the numerator nothing is a zero, where nothing is one.
 */
export function ratioSeries(
  numerator: readonly Series[],
  denominator: readonly Series[],
  { numeratorKeys, denominatorKeys, emptyIsZero }: RatioInputs,
): Series[] {
  const below = byGroup(denominator, denominatorKeys);
  const above = [...numerator];
  if (emptyIsZero && numeratorKeys.length === denominatorKeys.length) {
    const known = new Set(numerator.map(({ group }) => groupName(group, denominatorKeys)));
    for (const { group } of denominator) {
      if (!known.has(groupName(group, denominatorKeys))) above.push({ group, t: [], v: [], s: [] });
    }
  }
  return above.map((series) => {
    const divisors = below.get(groupName(series.group, denominatorKeys)) ?? new Map<number, Point>();
    return derive(emptyIsZero ? withZeros(series, divisors) : series, (t, v, s) => {
      const divisor = divisors.get(t);
      if (divisor === undefined || divisor.v === null || divisor.v === 0 || v === null) return [null, s];
      return [v / divisor.v, stateOfBoth(s, divisor.s)];
    });
  });
}

/** The series with a zero at each end where only the divisor has a point. */
function withZeros({ group, t, v, s }: Series, divisors: PointsByEnd): Series {
  const points = new Map(t.map((end, i) => [end, { v: v[i] ?? null, s: s[i] ?? POINT_STATE.provisional }]));
  for (const [end, { s }] of divisors) if (!points.has(end)) points.set(end, { v: 0, s });
  const ends = [...points.keys()].sort((a, b) => a - b);
  return {
    group,
    t: ends,
    v: ends.map((end) => points.get(end)?.v ?? null),
    s: ends.map((end) => points.get(end)?.s ?? POINT_STATE.provisional),
  };
}

/** What a change is computed by, beside the points. */
export interface ChangeInputs {
  keys: readonly string[];
  emptyIsZero: boolean;
  /** Windows that end by then have had all their events, epoch ms: one without a point had none. */
  closedMs: number;
  /** Windows that end by then are sealed. */
  sealedMs: number;
}

/**
 * The points of a metric against those of `agoMs` before. Where there was something then and nothing now, and nothing is
 * zero, that is a fall to zero; where nothing was then, there is nothing to compare with.
 *
 * @param then the metric's points before, by the ends of the windows that they are of.
 */
export function changeSeries(
  now: readonly Series[],
  then: readonly Series[],
  { agoMs, as }: Extract<View, { type: "change" }>,
  { keys, emptyIsZero, closedMs, sealedMs }: ChangeInputs,
): Series[] {
  const before = byGroup(then, keys);
  const all = [...now];
  const known = new Set(now.map(({ group }) => groupName(group, keys)));
  for (const { group } of then) {
    if (emptyIsZero && !known.has(groupName(group, keys))) all.push({ group, t: [], v: [], s: [] });
  }
  const changes = all.map((series) => {
    const past = before.get(groupName(series.group, keys)) ?? new Map<number, Point>();
    const ends = [...past.keys()].map((t) => t + agoMs).filter((t) => t <= closedMs);
    const stateAt = (t: number): PointState => (t <= sealedMs ? POINT_STATE.sealed : POINT_STATE.final);
    const closed = new Map(ends.map((t): [number, Point] => [t, { v: 0, s: stateAt(t) }]));
    return derive(emptyIsZero ? withZeros(series, closed) : series, (t, v, s) => {
      const point = past.get(t - agoMs);
      if (point === undefined || point.v === null || v === null) return [null, s];
      if (as === "absolute") return [v - point.v, s];
      return [point.v === 0 ? null : (v - point.v) / Math.abs(point.v), s];
    });
  });
  return changes.filter(({ t }) => t.length > 0);
}

function derive(
  { group, t, v, s }: Series,
  of: (t: number, v: number | null, s: PointState) => [number | null, PointState],
): Series {
  const points = t.map((end, i) => of(end, v[i] ?? null, s[i] ?? POINT_STATE.provisional));
  return { group, t, v: points.map(([value]) => value), s: points.map(([, state]) => state) };
}

function byGroup(all: readonly Series[], keys: readonly string[]): Map<string, PointsByEnd> {
  return new Map(
    all.map(({ group, t, v, s }) => {
      const points: PointsByEnd = new Map();
      for (const [i, end] of t.entries())
        points.set(end, { v: v[i] ?? null, s: s[i] ?? POINT_STATE.provisional });
      return [groupName(group, keys), points];
    }),
  );
}

function groupName(group: Group, keys: readonly string[]): string {
  return JSON.stringify(keys.map((key) => group[key] ?? ""));
}
