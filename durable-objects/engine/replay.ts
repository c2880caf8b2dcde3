import type { Event } from "../../protocol/event.ts";
import { LIMITS } from "../../protocol/limits.ts";
import type { Metric } from "../../protocol/metric.ts";
import { type CompiledMetric, compileMetric } from "./compiled-metric.ts";
import { MemoryBudget } from "./memory-budget.ts";
import { type MetricCounts, MetricWindows } from "./metric-windows.ts";
import type { MetricPartial } from "./partials.ts";
import { RangeFolder } from "./range-folder.ts";
import { readSealed, type SealedPoint } from "./sealed-point.ts";
import type { WindowPoint } from "./window-points.ts";

/**
 * Computes one metric over past events, stretch by stretch of event time, by the same windows that compute it live.
 * Within a stretch events come in any order; nothing is late that is added before its stretch is over.
 */
export class Replay {
  readonly compiled: CompiledMetric;
  readonly #windows: MetricWindows;

  /**
   * @param shards over how many objects the metric is split, of which this is one; by default it is whole.
   * @param budget what the aggregates may take together, with those of whoever shares it.
   */
  constructor(metric: Metric, shards = 1, budget = new MemoryBudget(LIMITS.windowStateBytes)) {
    this.compiled = compileMetric({ metric: { ...replayed(metric), shards }, revision: 0 });
    this.#windows = new MetricWindows(this.compiled, budget, { since: [] });
  }

  get counts(): Readonly<MetricCounts> {
    return this.#windows.counts;
  }

  add(events: Iterable<Event>): void {
    const folder = new RangeFolder([this.compiled]);
    for (const event of events) folder.add(event);
    for (const partial of folder.finish().metrics) this.apply(partial);
  }

  /** Adds what was folded elsewhere. */
  apply(partial: MetricPartial): void {
    this.#windows.apply(partial);
  }

  /** Every event before `ms` has been added: the windows that end by then are done. */
  advance(ms: number): SealedPoint[] {
    this.#windows.advance({ watermark: ms, edge: ms });
    return this.#windows.takeSealed();
  }

  /** There are no more events: the windows that are left. */
  finish(): SealedPoint[] {
    this.#windows.close();
    return this.#windows.takeSealed();
  }

  /** What a sealed point holds. */
  read(point: SealedPoint): WindowPoint {
    return readSealed(this.compiled, point);
  }
}

/**
 * A metric as it is replayed: past events wait for nobody, and all groups are computed in one place, whatever the
 * metric is split over when it is live.
 */
export function replayed(metric: Metric): Metric {
  return { ...metric, delayMs: 0, latenessMs: 0, shards: 1 };
}
