import type { Event } from "../../protocol/event.ts";
import { LIMITS } from "../../protocol/limits.ts";
import type { Metric } from "../../protocol/metric.ts";
import { MemoryBudget } from "./memory-budget.ts";
import { shardOf } from "./pane-folder.ts";
import type { MetricPartial, PanePartial } from "./partials.ts";
import { RangeFolder } from "./range-folder.ts";
import { Replay } from "./replay.ts";
import type { SealedPoint } from "./sealed-point.ts";

/** Replays a metric as the window objects that have it would: each of its shards folds groups for itself. */
export class SplitReplay {
  readonly #budget: MemoryBudget;
  readonly #shards: readonly Replay[];

  constructor(metric: Metric, budget = new MemoryBudget(LIMITS.windowStateBytes)) {
    this.#budget = budget;
    this.#shards = Array.from({ length: metric.shards }, () => new Replay(metric, metric.shards, budget));
  }

  /** Memory has run out: groups may have been folded that are not folded live. */
  get isFull(): boolean {
    return this.#budget.isFull;
  }

  add(events: Iterable<Event>): void {
    const compiled = this.#shards[0]?.compiled;
    const folder = new RangeFolder(compiled === undefined ? [] : [compiled]);
    for (const event of events) folder.add(event);
    // Folded as one: what belongs to which shard is told by the groups.
    for (const partial of folder.finish().metrics) this.apply(partial);
  }

  /** Adds what was folded elsewhere, of all groups. */
  apply(partial: MetricPartial): void {
    for (const [index, shard] of this.#shards.entries()) {
      shard.apply(this.#shards.length === 1 ? partial : shareOf(partial, index, this.#shards.length));
    }
  }

  /** Every event before `ms` has been added. @returns the windows of each shard that are done by it. */
  advance(ms: number): SealedPoint[][] {
    return this.#shards.map((shard) => shard.advance(ms));
  }
}

/** Of a partial of all groups what one of `shards` window objects has. */
function shareOf(partial: MetricPartial, index: number, shards: number): MetricPartial {
  const panes = (partial.panes ?? []).flatMap(([startMs, events, keys, states]): PanePartial[] => {
    const isOwn = keys.map((key) => shardOf(key, shards) === index);
    const own = keys.filter((_, i) => isOwn[i]);
    return own.length === 0 ? [] : [[startMs, events, own, states.filter((_, i) => isOwn[i])]];
  });
  return { ...partial, panes };
}
