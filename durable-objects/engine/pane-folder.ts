import type { Event } from "../../protocol/event.ts";
import type { Accumulator } from "./aggregates/aggregate.ts";
import type { CompiledMetric } from "./compiled-metric.ts";
import { hash64 } from "./hash.ts";
import type { MetricPartial, PanePartial } from "./partials.ts";
import type { MetricFolder } from "./range-folder.ts";

interface PaneAccumulators {
  events: number;
  groups: Map<string, Accumulator>;
}

/** Folds events into panes: one aggregate for each pane and group, however many windows overlap. */
export class PaneFolder implements MetricFolder {
  readonly compiled: CompiledMetric;
  readonly #panes = new Map<number, PaneAccumulators>();
  #skipped = 0;
  #lastStart = Number.NaN;
  #lastPane: PaneAccumulators | undefined;

  constructor(compiled: CompiledMetric) {
    this.compiled = compiled;
  }

  add(event: Event): void {
    const { compiled } = this;
    if (compiled.accepts !== undefined && !compiled.accepts(event)) return;
    this.addTo(compiled.groupKey(event), event);
  }

  /** Takes an event that the metric takes into a group. */
  addTo(key: string, event: Event): void {
    const { compiled } = this;
    const x = compiled.input(event);
    if (x === undefined) {
      this.#skipped++;
      return;
    }
    const pane = this.#paneOf(event.ts);
    pane.events++;
    let accumulator = pane.groups.get(key);
    if (accumulator === undefined) {
      accumulator = compiled.aggregate.create();
      pane.groups.set(key, accumulator);
    }
    accumulator.add(x, event.ts);
  }

  finish(): MetricPartial | undefined {
    if (this.#panes.size === 0 && this.#skipped === 0) return undefined;
    const panes: PanePartial[] = [];
    for (const [start, { events, groups }] of this.#panes) {
      panes.push([start, events, Array.from(groups, ([key, accumulator]) => [key, accumulator.encode()])]);
    }
    const { metric, revision } = this.compiled;
    return { name: metric.name, revision, skipped: this.#skipped, panes };
  }

  /** Neighbouring events mostly share their pane: the last one is kept at hand. */
  #paneOf(ts: number): PaneAccumulators {
    const sinceMs = ts - this.#lastStart;
    if (sinceMs >= 0 && sinceMs < this.compiled.paneMs && this.#lastPane !== undefined) return this.#lastPane;
    const startMs = ts - (ts % this.compiled.paneMs);
    let pane = this.#panes.get(startMs);
    if (pane === undefined) {
      pane = { events: 0, groups: new Map() };
      this.#panes.set(startMs, pane);
    }
    this.#lastStart = startMs;
    this.#lastPane = pane;
    return pane;
  }
}

/** Which of `shards` window objects has a group. */
export function shardOf(key: string, shards: number): number {
  return hash64(key)[0] % shards;
}
