import type { Event } from "../../protocol/event.ts";

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
