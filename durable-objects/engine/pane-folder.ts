import type { Event } from "../../protocol/event.ts";
import type { Accumulator } from "./aggregates/aggregate.ts";
import type { CompiledMetric } from "./compiled-metric.ts";
import { hash64 } from "./hash.ts";
import type { MetricPartial, PanePartial } from "./partials.ts";
import type { MetricFolder, Share } from "./range-folder.ts";

interface PaneAccumulators {
  events: number;
  groups: Map<string, Accumulator>;
}

/** Folds events into panes: one aggregate for each pane and group, however many windows overlap. */
export class PaneFolder implements MetricFolder {
  readonly compiled: CompiledMetric;
  readonly #share: Share | undefined;
  readonly #panes = new Map<number, PaneAccumulators>();
  #skipped = 0;
  #lastStart = Number.NaN;
  #lastPane: PaneAccumulators | undefined;

  /** @param share leaves out the groups of other window objects. */
  constructor(compiled: CompiledMetric, share?: Share) {
    this.compiled = compiled;
    this.#share = share;
  }

  add(event: Event): void {
    const { compiled } = this;
    if (compiled.accepts !== undefined && !compiled.accepts(event)) return;
    const key = compiled.groupKey(event);
    if (this.#share !== undefined && shardOf(key, this.#share.of) !== this.#share.index) return;
    const x = compiled.input(event);
    if (x === undefined) {
      this.#skipped++;
      return;
    }
    const pane = this.#paneAt(event.ts - (event.ts % compiled.paneMs));
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
  #paneAt(startMs: number): PaneAccumulators {
    if (startMs === this.#lastStart && this.#lastPane !== undefined) return this.#lastPane;
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
