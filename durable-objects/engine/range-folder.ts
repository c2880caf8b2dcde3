import type { Event } from "../../protocol/event.ts";
import type { CompiledMetric } from "./compiled-metric.ts";
import { PaneFolder } from "./pane-folder.ts";
import type { MetricPartial } from "./partials.ts";
import { SessionFolder } from "./session-folder.ts";

/** Folds the events of one range for one metric. */
export interface MetricFolder {
  readonly compiled: CompiledMetric;
  add(event: Event): void;
  /** What was folded; undefined when no event concerned the metric. */
  finish(): MetricPartial | undefined;
}

/** The share of a split metric's groups that one window object has: those whose hash leaves `index`. */
export interface Share {
  index: number;
  of: number;
}

/** Folds the events of one project in one range into partial aggregates for one window object. */
export class RangeFolder {
  readonly #byEvent = new Map<string, MetricFolder[]>();
  readonly #folders: MetricFolder[];
  #maxTs = Number.NEGATIVE_INFINITY;
  #events = 0;

  constructor(metrics: readonly CompiledMetric[], share?: Share) {
    this.#folders = metrics.map((metric) =>
      metric.metric.window.type === "session" ? new SessionFolder(metric) : new PaneFolder(metric, share),
    );
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

  /** The partials so far. Metrics that no event concerned are left out. */
  finish(): { maxTs: number; events: number; metrics: MetricPartial[] } {
    const metrics = this.#folders.map((folder) => folder.finish()).filter((partial) => partial !== undefined);
    return { maxTs: this.#maxTs, events: this.#events, metrics };
  }
}
