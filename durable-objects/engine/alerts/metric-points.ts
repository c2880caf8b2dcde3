import type { Series } from "../../../protocol/series.ts";
import type { View } from "../../../protocol/view.ts";
import type { CompiledMetric } from "../compiled-metric.ts";
import { keyOf, otherKey } from "../group-key.ts";
import type { MetricWindows } from "../metric-windows.ts";
import type { SealedPoint } from "../sealed-point.ts";
import { viewInputs, viewSeries, ZERO_WHEN_EMPTY } from "../views.ts";
import { seriesOf } from "../window-points.ts";
import type { WindowSet } from "../window-set.ts";

/** A metric, or a view, as rules see it: windows and what they came to. */
export interface WatchedMetric {
  /** Which definition this is: another one begins anew. */
  identity: string;
  groupBy: readonly string[];
  everyMs: number;
  sizeMs: number;
  delayMs: number;
  /** Windows that end at or before this are final, epoch ms. */
  finalEnd: number;
  /** Whether no event has concerned it yet. */
  isUntouched: boolean;
  /** What a window without a point stands for: 0 of a count; undefined: nothing. */
  emptyValue: number | undefined;
  /** The key of the group that takes what does not fit; undefined: there is none. */
  otherKey: string | undefined;
  /** The points of the windows that end in `(after, finalEnd]`, window by window, ascending. */
  points: (after: number) => ClosedWindow[];
}

/** One window's values by group; undefined: a group without one. */
export interface ClosedWindow {
  end: number;
  values: Map<string, number | undefined>;
}

/** Sealed points that are on disk already. */
export type StoredPoints = (metric: string, fromMs: number, toMs: number) => SealedPoint[];

/** A metric or view of a window object, for rules; undefined: the object cannot compute it. */
export function watchedMetric(
  name: string,
  set: WindowSet,
  view: View | undefined,
  stored: StoredPoints,
): WatchedMetric | undefined {
  if (view === undefined) {
    const windows = set.metric(name);
    return windows && watchedWindows(windows);
  }
  const [first, second] = viewInputs(view).map(({ metric }) => set.metric(metric));
  if (first === undefined || second === undefined) return undefined;
  if (first.compiled.metric.window.everyMs !== second.compiled.metric.window.everyMs) return undefined;
  return watchedView(view, first, second, stored);
}

function watchedWindows(windows: MetricWindows): WatchedMetric {
  const { compiled, finalEnd, isUntouched } = windows;
  const { groupBy, aggregate } = compiled.metric;
  return {
    ...shapeOf(compiled),
    identity: String(compiled.revision),
    finalEnd,
    isUntouched,
    emptyValue: ZERO_WHEN_EMPTY.has(aggregate.fn) ? 0 : undefined,
    otherKey: groupBy.length === 0 ? undefined : otherKey(groupBy),
    points: (after) => {
      const closed = new ClosedWindows();
      for (const { end, key, outcome } of windows.points(after + 1, finalEnd)) {
        closed.add(end, key, typeof outcome === "number" ? outcome : null);
      }
      return closed.take();
    },
  };
}

function watchedView(
  view: View,
  first: MetricWindows,
  second: MetricWindows,
  stored: StoredPoints,
): WatchedMetric {
  const [metric, other] = [first.compiled.metric, second.compiled.metric];
  const finalEnd = Math.min(first.finalEnd, second.finalEnd);
  const [firstInput, secondInput] = viewInputs(view);
  const seriesIn = (windows: MetricWindows, agoMs: number, after: number): Series[] => {
    const [fromMs, toMs] = [after + 1 - agoMs, finalEnd - agoMs];
    // Of two metrics one may be sealed, and on disk, long before the other is final.
    const past = stored(windows.compiled.metric.name, fromMs, toMs);
    return seriesOf(windows.compiled, windows.points(fromMs, toMs, past));
  };
  const computed = (after: number): Series[] =>
    viewSeries(
      view,
      [
        { metric, series: seriesIn(first, firstInput.agoMs, after) },
        { metric: other, series: seriesIn(second, secondInput.agoMs, after) },
      ],
      finalEnd,
    );
  return {
    ...shapeOf(first.compiled),
    identity: `${first.compiled.revision}/${second.compiled.revision}/${JSON.stringify(view)}`,
    delayMs: Math.max(metric.delayMs, other.delayMs),
    finalEnd,
    isUntouched: first.isUntouched && second.isUntouched,
    emptyValue: undefined,
    otherKey: metric.groupBy.length === 0 ? undefined : otherKey(metric.groupBy),
    points: (after) => {
      const closed = new ClosedWindows();
      for (const { group, t, v } of computed(after)) {
        const key = keyOf(metric.groupBy, group);
        for (const [i, end] of t.entries()) closed.add(end, key, v[i] ?? null);
      }
      return closed.take();
    },
  };
}

function shapeOf({
  metric,
}: CompiledMetric): Pick<WatchedMetric, "groupBy" | "everyMs" | "sizeMs" | "delayMs"> {
  const { groupBy, window, delayMs } = metric;
  return { groupBy, everyMs: window.everyMs, sizeMs: window.sizeMs, delayMs };
}

/** Gathers points by their windows. */
export class ClosedWindows {
  readonly #byEnd = new Map<number, Map<string, number | undefined>>();

  add(end: number, key: string, value: number | null): void {
    let values = this.#byEnd.get(end);
    if (values === undefined) this.#byEnd.set(end, (values = new Map()));
    values.set(key, value !== null && Number.isFinite(value) ? value : undefined);
  }

  take(): ClosedWindow[] {
    const ends = [...this.#byEnd.keys()].sort((a, b) => a - b);
    return ends.map((end) => ({ end, values: this.#byEnd.get(end) ?? new Map() }));
  }
}
