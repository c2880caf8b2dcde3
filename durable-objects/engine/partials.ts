import type { Event } from "../../protocol/event.ts";
import type { Accumulator, Encoded } from "./aggregates/aggregate.ts";
import type { CompiledMetric } from "./compiled-metric.ts";

/** The aggregate of one range over one pane: `[pane start, events taken, [group key, state][]]`. */
export type PanePartial = [startMs: number, events: number, groups: [key: string, state: Encoded][]];

/** What one range holds for one metric. `skipped`: events without the number that the aggregate needs. */
export interface MetricPartial {
  name: string;
  revision: number;
  skipped: number;
  panes: PanePartial[];
}

/** What one range of one partition holds for one project: what a reader sends to a window object. */
export interface RangePartial {
  partition: number;
  /** The last offset that the window held when this was folded: the range is what follows, through `to`. */
  after: number;
  to: number;
  /** Version of the project's definitions that the range was folded with. */
  version: number;
  /** Greatest event time in the range, epoch ms. */
  maxTs: number;
  /** When the range's oldest batch was received, epoch ms. */
  oldestReceivedMs: number;
  events: number;
  metrics: MetricPartial[];
}

interface PaneAccumulators {
  events: number;
  groups: Map<string, Accumulator>;
}

/** Folds the events of one project in one range into partial aggregates. */
export class RangeFolder {
  readonly #byEvent = new Map<string, MetricFolder[]>();
  readonly #folders: MetricFolder[];
  #maxTs = Number.NEGATIVE_INFINITY;
  #events = 0;

  constructor(metrics: readonly CompiledMetric[]) {
    this.#folders = metrics.map((metric) => new MetricFolder(metric));
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
    return {
      maxTs: this.#maxTs,
      events: this.#events,
      metrics: this.#folders.filter((folder) => folder.touched).map((folder) => folder.finish()),
    };
  }
}

class MetricFolder {
  readonly compiled: CompiledMetric;
  readonly #panes = new Map<number, PaneAccumulators>();
  #skipped = 0;
  #lastStart = Number.NaN;
  #lastPane: PaneAccumulators | undefined;

  constructor(compiled: CompiledMetric) {
    this.compiled = compiled;
  }

  get touched(): boolean {
    return this.#panes.size > 0 || this.#skipped > 0;
  }

  add(event: Event): void {
    const { compiled } = this;
    const x = compiled.input(event);
    if (Number.isNaN(x)) {
      this.#skipped++;
      return;
    }
    const pane = this.#paneAt(event.ts - (event.ts % compiled.paneMs));
    pane.events++;
    const key = compiled.groupKey(event);
    let accumulator = pane.groups.get(key);
    if (accumulator === undefined) {
      accumulator = compiled.aggregate.create();
      pane.groups.set(key, accumulator);
    }
    accumulator.add(x);
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

  finish(): MetricPartial {
    const panes: PanePartial[] = [];
    for (const [start, { events, groups }] of this.#panes) {
      panes.push([start, events, Array.from(groups, ([key, accumulator]) => [key, accumulator.encode()])]);
    }
    const { metric, revision } = this.compiled;
    return { name: metric.name, revision, skipped: this.#skipped, panes };
  }
}
