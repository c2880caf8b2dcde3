import type { Event } from "../../protocol/event.ts";
import { parseMetric } from "../../protocol/metric.ts";
import type { Series } from "../../protocol/series.ts";
import { compileMetric, type DefinedMetric } from "../../durable-objects/engine/compiled-metric.ts";
import type { EncodedMetricWindows, MetricWindows } from "../../durable-objects/engine/metric-windows.ts";
import type { RangePartial } from "../../durable-objects/engine/partials.ts";
import { RangeFolder } from "../../durable-objects/engine/range-folder.ts";
import type { SealedPoint } from "../../durable-objects/engine/sealed-point.ts";
import { seriesOf } from "../../durable-objects/engine/window-points.ts";
import { type EncodedWindowSet, WindowSet } from "../../durable-objects/engine/window-set.ts";

export const PARTITIONS = 3;
export const START_MS = 1_700_000_000_000;
const OPTIONS = { partitions: PARTITIONS, idlePartitionMs: 5_000 };

/** A definition with short times: tumbling seconds, delay 1 s, lateness 10 s, unless said otherwise. */
export function define(overrides: object, revision = 1): DefinedMetric {
  const parsed = parseMetric("m", {
    event: "e",
    aggregate: "count",
    window: { type: "tumbling", size: "1s" },
    delay: "1s",
    lateness: "10s",
    ...overrides,
  });
  if (!parsed.ok) throw new Error(parsed.message);
  return { metric: parsed.value, revision };
}

/** An event of the metric, `offsetMs` after the start. */
export function at(offsetMs: number, props: Event["props"] = {}, rest: Partial<Event> = {}): Event {
  return { name: "e", ts: START_MS + offsetMs, value: 1, props, ...rest };
}

/** A window set of one metric, fed range by range, as readers would. */
export class Feed {
  defined: DefinedMetric;
  set: WindowSet;
  readonly sealed: SealedPoint[] = [];
  readonly #offsets: number[] = Array.from({ length: PARTITIONS }, () => -1);

  constructor(defined: DefinedMetric) {
    this.defined = defined;
    this.set = new WindowSet(OPTIONS);
    this.set.define([defined]);
  }

  get windows(): MetricWindows {
    const windows = this.set.metric("m");
    if (windows === undefined) throw new Error("the metric is gone");
    return windows;
  }

  range(partition: number, events: Event[], nowMs: number): RangePartial {
    const folder = new RangeFolder([compileMetric(this.defined)]);
    for (const event of events) folder.add(event);
    const after = this.#offsets[partition] ?? -1;
    const to = after + 1;
    this.#offsets[partition] = to;
    const partial = {
      partition,
      after,
      from: to,
      to,
      version: 1,
      oldestReceivedMs: nowMs,
      ...folder.finish(),
    };
    this.set.step({ type: "range", partial: throughJson(partial) }, nowMs);
    return partial;
  }

  /** Every partition has an event at this time. */
  moveTo(offsetMs: number): void {
    for (let p = 0; p < PARTITIONS; p++) this.range(p, [at(offsetMs)], START_MS + offsetMs);
  }

  /** Every reader says that it has read all there is at `nowMs`. */
  idle(nowMs: number): void {
    const partitions = Array.from({ length: PARTITIONS }, (_, p): [number, number] => [p, nowMs]);
    this.set.step({ type: "caughtUp", partitions }, nowMs);
  }

  /** The set as another life of its object would find it. */
  restart(): void {
    this.sealed.push(...this.windows.takeSealed());
    const shared = throughJson<EncodedWindowSet>(this.set.encode());
    const encoded = throughJson<EncodedMetricWindows>(this.windows.encode());
    this.set = new WindowSet(OPTIONS, shared);
    this.set.restoreMetric(this.defined, encoded);
  }

  /** Every point in view: window end after the start, outcome, state. */
  states(): [t: number, v: unknown, s: number][] {
    return [...this.windows.points(0, Infinity)].map(({ end, outcome, state }) => [
      end - START_MS,
      outcome,
      state,
    ]);
  }

  /** The points of each group as `group: [t, v][]`, t after the start. */
  byGroup(): Record<string, [t: number, v: unknown][]> {
    const groups: Record<string, [number, unknown][]> = {};
    for (const { end, key, outcome } of this.windows.points(0, Infinity)) {
      (groups[key] ??= []).push([end - START_MS, outcome]);
    }
    return groups;
  }

  series(): Series[] {
    return seriesOf(this.windows.compiled, this.windows.points(0, Infinity));
  }
}

export function throughJson<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}
