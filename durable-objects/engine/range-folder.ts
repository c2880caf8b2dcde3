import type { Event } from "../../protocol/event.ts";
import type { CompiledMetric } from "./compiled-metric.ts";
import { PaneFolder } from "./pane-folder.ts";
import type { MetricPartial } from "./partials.ts";
import { SessionFolder } from "./session-folder.ts";

/** Folds the events of one range for one metric. */
export interface MetricFolder {
  readonly compiled: CompiledMetric;
  add(event: Event): void;
  /** What was folded for one of the metric's shards; undefined when no event concerned it. */
  finish(shard: number): MetricPartial | undefined;
}

/** The share of a split metric's groups that one window object has: those whose hash leaves `index`. */
export interface Share {
  index: number;
  of: number;
}

const WHOLE: Share = { index: 0, of: 1 };

/**
 * Folds the events of one project in one range into partial aggregates for one window object, or for all that a metric
 * is split over.
 */
export class RangeFolder {
  readonly #share: Share;
  readonly #byEvent = new Map<string, MetricFolder[]>();
  readonly #folders: MetricFolder[];
  #maxTs = Number.NEGATIVE_INFINITY;
  #events = 0;

  constructor(metrics: readonly CompiledMetric[], share: Share = WHOLE) {
    this.#share = share;
    this.#folders = metrics.map((metric) => folderOf(metric, share.of));
    for (const folder of this.#folders) {
      const name = folder.compiled.metric.event;
      const same = this.#byEvent.get(name);
      if (same) same.push(folder);
      else this.#byEvent.set(name, [folder]);
    }
  }

  add(event: Event): void {
    this.#events++;
    if (event.ts > this.#maxTs) this.#maxTs = event.ts;
    const folders = this.#byEvent.get(event.name);
    if (folders === undefined) return;
    for (const folder of folders) folder.add(event);
  }

  /**
   * The partials so far. Metrics that no event concerned are left out.
   *
   * @param shard another one than the constructor's.
   */
  finish(shard: number = this.#share.index): { maxTs: number; events: number; metrics: MetricPartial[] } {
    const metrics = this.#folders
      .map((folder) => folder.finish(shard))
      .filter((partial) => partial !== undefined);
    return { maxTs: this.#maxTs, events: this.#events, metrics };
  }
}

function folderOf(metric: CompiledMetric, shards: number): MetricFolder {
  return metric.metric.window.type === "session" ? new SessionFolder(metric) : new PaneFolder(metric, shards);
}
