import type { Event } from "../../protocol/event.ts";
import type { Accumulator } from "./aggregates/aggregate.ts";
import type { CompiledMetric } from "./compiled-metric.ts";
import { hash64 } from "./hash.ts";
import type { MetricPartial, PanePartial } from "./partials.ts";
import type { MetricFolder } from "./range-folder.ts";

/** What one shard has of a pane: its groups in the order of their coming. */
interface PaneShare {
  events: number;
  readonly keys: string[];
  readonly accumulators: Accumulator[];
}

/** One group's share of a pane. A class, not a literal: V8 may come to put literals among the old objects. */
class Cell {
  readonly accumulator: Accumulator;
  readonly share: PaneShare;

  constructor(accumulator: Accumulator, share: PaneShare) {
    this.accumulator = accumulator;
    this.share = share;
  }
}

interface Pane {
  /** One for each shard. */
  readonly shares: readonly PaneShare[];
  /** Of all shards: a group is looked for once an event, and its shard once a pane. */
  readonly cells: Map<string, Cell>;
}

/** Folds events into panes: one aggregate for each pane and group, however many windows overlap. */
export class PaneFolder implements MetricFolder {
  readonly compiled: CompiledMetric;
  readonly #panes = new Map<number, Pane>();
  /** By shard. */
  readonly #skipped: number[];
  #lastStart = Number.NaN;
  #lastPane: Pane | undefined;

  /** @param shards over how many window objects the metric's groups are split. */
  constructor(compiled: CompiledMetric, shards: number) {
    this.compiled = compiled;
    this.#skipped = Array.from({ length: shards }, () => 0);
  }

  add(event: Event): void {
    const { compiled } = this;
    if (compiled.accepts !== undefined && !compiled.accepts(event)) return;
    const key = compiled.groupKey(event);
    const x = compiled.input(event);
    if (x === undefined) {
      const shard = this.#shardOf(key);
      this.#skipped[shard] = (this.#skipped[shard] ?? 0) + 1;
      return;
    }
    const pane = this.#paneOf(event.ts);
    const cell = pane.cells.get(key) ?? this.#addCell(pane, key);
    cell.share.events++;
    cell.accumulator.add(x, event.ts);
  }

  finish(shard: number): MetricPartial | undefined {
    const skipped = this.#skipped[shard] ?? 0;
    const panes: PanePartial[] = [];
    for (const [start, { shares }] of this.#panes) {
      const share = shares[shard];
      if (share === undefined || share.events === 0) continue;
      const states = share.accumulators.map((accumulator) => accumulator.encode());
      panes.push([start, share.events, share.keys, states]);
    }
    if (panes.length === 0 && skipped === 0) return undefined;
    const { metric, revision } = this.compiled;
    return { name: metric.name, revision, skipped, panes };
  }

  #addCell({ shares, cells }: Pane, key: string): Cell {
    const share = shares[this.#shardOf(key)];
    if (share === undefined) throw new Error("a pane has a share for each shard");
    const cell = new Cell(this.compiled.aggregate.create(), share);
    cells.set(key, cell);
    share.keys.push(key);
    share.accumulators.push(cell.accumulator);
    return cell;
  }

  #shardOf(key: string): number {
    return this.#skipped.length === 1 ? 0 : shardOf(key, this.#skipped.length);
  }

  /** Neighbouring events mostly share their pane: the last one is kept at hand. */
  #paneOf(ts: number): Pane {
    const sinceMs = ts - this.#lastStart;
    if (sinceMs >= 0 && sinceMs < this.compiled.paneMs && this.#lastPane !== undefined) return this.#lastPane;
    const startMs = ts - (ts % this.compiled.paneMs);
    let pane = this.#panes.get(startMs);
    if (pane === undefined) {
      const shares = this.#skipped.map((): PaneShare => ({ events: 0, keys: [], accumulators: [] }));
      pane = { shares, cells: new Map() };
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
