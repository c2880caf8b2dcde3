import type { Event } from "../../protocol/event.ts";
import type { PointState, QueryAnswer } from "../../protocol/series.ts";

/** What the oracle is told of a metric: durations in ms, the fold over all values of one window and group. */
export interface OracleMetric {
  event: string;
  sizeMs: number;
  everyMs: number;
  groupBy: string[];
  /** The value to aggregate, or undefined when the event has none. */
  valueOf: (event: Event) => number | undefined;
  fold: (values: number[]) => number;
}

/**
 * Recomputes every window from all events, with no notion of panes, time or order: for each window end that some
 * event could belong to, the events with `end - size <= ts < end`.
 *
 * @returns `end|group values` to the aggregate.
 */
export function bruteForce(metric: OracleMetric, events: readonly Event[]): Map<string, number> {
  const values = new Map<string, number[]>();
  for (const event of events) {
    const value = metric.valueOf(event);
    if (event.name !== metric.event || value === undefined) continue;
    const group = metric.groupBy.map((key) => String(event.props?.[key] ?? "")).join(",");
    let end = Math.floor(event.ts / metric.everyMs) * metric.everyMs + metric.everyMs;
    for (; end - metric.sizeMs <= event.ts; end += metric.everyMs) {
      const name = `${end}|${group}`;
      values.set(name, [...(values.get(name) ?? []), value]);
    }
  }
  return new Map([...values].map(([name, all]) => [name, metric.fold(all)]));
}

/** The points of an answer that have one of these states, named as {@link bruteForce} names them. */
export function pointsOf(
  { series }: QueryAnswer,
  groupBy: readonly string[],
  states: readonly PointState[],
): Map<string, number | null> {
  const points = new Map<string, number | null>();
  for (const { group, t, v, s } of series) {
    const name = groupBy.map((key) => group[key] ?? "").join(",");
    for (const [i, end] of t.entries()) {
      const state = s[i];
      if (state !== undefined && states.includes(state)) points.set(`${end}|${name}`, v[i] ?? null);
    }
  }
  return points;
}

/** Where two sets of points differ, a line each: those that are missing, those too many, those of another value. */
export function differences(
  wanted: ReadonlyMap<string, number>,
  got: ReadonlyMap<string, number | null>,
): string[] {
  const faults: string[] = [];
  for (const [name, value] of wanted) {
    const found = got.get(name);
    if (found === undefined) faults.push(`${name} is missing: ${value}`);
    else if (found !== value) faults.push(`${name} is ${found}: expected ${value}`);
  }
  for (const [name, value] of got) if (!wanted.has(name)) faults.push(`${name} is one too many: ${value}`);
  return faults;
}
