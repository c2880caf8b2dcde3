import type { Event } from "../../protocol/event.ts";
import type { CompiledMetric } from "./compiled-metric.ts";
import { PaneFolder, shardOf } from "./pane-folder.ts";
import type { MetricPartial } from "./partials.ts";
import type { MetricFolder } from "./range-folder.ts";

/** Folds the events of a split metric, each for the shard that has its group. */
export class SplitFolder implements MetricFolder {
  readonly compiled: CompiledMetric;
  readonly #shards: readonly PaneFolder[];

  constructor(compiled: CompiledMetric, shards: number) {
    this.compiled = compiled;
    this.#shards = Array.from({ length: shards }, () => new PaneFolder(compiled));
  }

  add(event: Event): void {
    const { accepts, groupKey } = this.compiled;
    if (accepts !== undefined && !accepts(event)) return;
    const key = groupKey(event);
    this.#shards[shardOf(key, this.#shards.length)]?.addTo(key, event);
  }

  finish(shard: number): MetricPartial | undefined {
    return this.#shards[shard]?.finish();
  }
}
