import type { Accumulator, Encoded } from "./aggregates/aggregate.ts";
import type { CompiledMetric } from "./compiled-metric.ts";
import { otherKey } from "./group-key.ts";
import type { PanePartial } from "./partials.ts";

interface Pane {
  events: number;
  groups: Map<string, Accumulator>;
}

/**
 * The panes of one metric, and how windows are composed of them. A window is named by its end. All events of a pane
 * belong to the same windows.
 */
export class Panes {
  readonly #compiled: CompiledMetric;
  readonly #panes = new Map<number, Pane>();

  constructor(compiled: CompiledMetric) {
    this.#compiled = compiled;
  }

  get size(): number {
    return this.#panes.size;
  }

  /**
   * Merges a partial into its pane.
   *
   * @returns the keys that it went to, and how many of its groups were folded into `__other__`.
   */
  merge([startMs, events, groups]: PanePartial): { keys: string[]; folded: number } {
    const { aggregate, metric } = this.#compiled;
    const pane = this.#paneAt(startMs);
    pane.events += events;
    const keys: string[] = [];
    let folded = 0;
    for (const [givenKey, state] of groups) {
      const full = pane.groups.size >= metric.maxGroups && !pane.groups.has(givenKey);
      const key = full ? otherKey(metric.groupBy) : givenKey;
      if (full) folded++;
      const accumulator = aggregate.decode(state);
      const present = pane.groups.get(key);
      if (present === undefined) pane.groups.set(key, accumulator);
      else present.merge(accumulator);
      keys.push(key);
    }
    return { keys, folded };
  }

  /** The aggregates of the window that ends at `end`, group by group. They may be the panes' own: read only. */
  compose(end: number): ReadonlyMap<string, Accumulator> {
    const { paneMs, metric, aggregate } = this.#compiled;
    const start = end - metric.window.sizeMs;
    if (metric.window.sizeMs === paneMs) return this.#panes.get(start)?.groups ?? new Map();
    const composed = new Map<string, Accumulator>();
    for (let pane = start; pane < end; pane += paneMs) {
      for (const [key, accumulator] of this.#panes.get(pane)?.groups ?? []) {
        let sum = composed.get(key);
        if (sum === undefined) composed.set(key, (sum = aggregate.create()));
        sum.merge(accumulator);
      }
    }
    return composed;
  }

  /** Ends in `(after, through]` of windows that hold at least one pane, ascending. */
  *endsBetween(after: number, through: number): Generator<number> {
    const { everyMs } = this.#compiled.metric.window;
    let next = floorTo(after, everyMs) + everyMs;
    for (const start of [...this.#panes.keys()].sort((a, b) => a - b)) {
      const last = Math.min(this.lastEnd(start), through);
      for (let end = Math.max(this.firstEnd(start), next); end <= last; end += everyMs) {
        yield end;
        next = end + everyMs;
      }
    }
  }

  /** Drops the panes of which every window ends at `sealedEnd` or before. */
  dropThrough(sealedEnd: number): void {
    for (const start of this.#panes.keys()) if (this.lastEnd(start) <= sealedEnd) this.#panes.delete(start);
  }

  /** The first window that holds the pane. */
  firstEnd(paneStart: number): number {
    const { everyMs } = this.#compiled.metric.window;
    return Math.ceil((paneStart + this.#compiled.paneMs) / everyMs) * everyMs;
  }

  /** The last window that holds the pane. */
  lastEnd(paneStart: number): number {
    const { sizeMs, everyMs } = this.#compiled.metric.window;
    return floorTo(paneStart + sizeMs, everyMs);
  }

  encode(): PanePartial[] {
    return Array.from(this.#panes, ([start, { events, groups }]) => {
      const states = Array.from(groups, ([key, accumulator]): [string, Encoded] => [
        key,
        accumulator.encode(),
      ]);
      return [start, events, states];
    });
  }

  #paneAt(startMs: number): Pane {
    let pane = this.#panes.get(startMs);
    if (pane === undefined) {
      pane = { events: 0, groups: new Map() };
      this.#panes.set(startMs, pane);
    }
    return pane;
  }
}

/** The greatest multiple of `step` that is not above `value`. */
export function floorTo(value: number, step: number): number {
  return Math.floor(value / step) * step;
}
