import type { MetricWindows } from "../../durable-objects/engine/metric-windows.ts";
import type { RangePartial } from "../../durable-objects/engine/partials.ts";
import { RangeFolder } from "../../durable-objects/engine/range-folder.ts";
import type { SealedPoint } from "../../durable-objects/engine/sealed-point.ts";
import { WindowSet } from "../../durable-objects/engine/window-set.ts";
import type { Metric } from "../../protocol/metric.ts";
import { cpuUs } from "./cpu.ts";
import { PARTITIONS, type StreamRange } from "./event-stream.ts";

const IDLE_PARTITION_MS = 5_000;

/** CPU µs of each part of the way. */
export interface EngineCost {
  /** In the reader: events to partial aggregates. */
  fold: number;
  /** Between them: partial aggregates to JSON and back. */
  json: number;
  /** In the window object: into the windows, and what is sealed out of them. */
  windows: number;
}

/** The way of one metric's events: a reader, and as many window objects as the metric is split over. */
export class WindowEngine {
  readonly #objects: WindowObject[];
  readonly #of: number;
  /** The last offset of each partition. */
  readonly #offsets = Array.from({ length: PARTITIONS }, () => -1);
  readonly cost: EngineCost = { fold: 0, json: 0, windows: 0 };
  /** Sum of all values of sealed points, where they are numbers. */
  sealedSum = 0;

  constructor(metric: Metric) {
    this.#of = metric.shards;
    this.#objects = Array.from({ length: metric.shards }, () => new WindowObject(metric));
  }

  /** What was not counted as itself: late, folded, skipped or dropped. */
  get lost(): number {
    return this.#objects.reduce((sum, { windows: { counts } }) => {
      return sum + counts.late + counts.folded + counts.skipped + counts.dropped;
    }, 0);
  }

  /** What the windows take of the objects' memory, as they reckon it. */
  get bytes(): number {
    return this.#objects.reduce((sum, { set }) => sum + set.bytes, 0);
  }

  take(range: StreamRange): void {
    const { cost } = this;
    const startUs = cpuUs();
    const folded = this.#fold(range);
    const foldedUs = cpuUs();
    const partials = folded.map((partial) => JSON.parse(JSON.stringify(partial)) as RangePartial);
    const readUs = cpuUs();
    const sealed = this.#objects.map((object, i) => object.take(partials[i], range.toMs));
    cost.windows += cpuUs() - readUs;
    cost.json += readUs - foldedUs;
    cost.fold += foldedUs - startUs;
    for (const points of sealed) this.#collect(points);
  }

  /** Seals what is open. */
  close(): void {
    for (const { windows } of this.#objects) {
      windows.close();
      this.#collect(windows.takeSealed());
    }
  }

  /** A partial for each of the objects. */
  #fold({ partition, events, toMs }: StreamRange): RangePartial[] {
    const compiled = this.#objects.slice(0, 1).map(({ windows }) => windows.compiled);
    const folder = new RangeFolder(compiled, { index: 0, of: this.#of });
    for (const event of events) folder.add(event);
    const after = this.#offsets[partition] ?? -1;
    const to = (this.#offsets[partition] = after + 1);
    const read = { partition, after, from: to, to, version: 1, oldestReceivedMs: toMs };
    return this.#objects.map((_, shard) => ({ ...read, ...folder.finish(shard) }));
  }

  #collect(points: readonly SealedPoint[]): void {
    for (const [, , kept] of points) if (typeof kept === "number") this.sealedSum += kept;
  }
}

class WindowObject {
  readonly set = new WindowSet({ partitions: PARTITIONS, idlePartitionMs: IDLE_PARTITION_MS });
  readonly windows: MetricWindows;

  constructor(metric: Metric) {
    this.set.define([{ metric, revision: 1 }]);
    const windows = this.set.metric(metric.name);
    if (windows === undefined) throw new Error("the set does not take the metric");
    this.windows = windows;
  }

  take(partial: RangePartial | undefined, nowMs: number): SealedPoint[] {
    if (partial !== undefined) this.set.step({ type: "range", partial }, nowMs);
    return this.windows.takeSealed();
  }
}

/** The cost's parts together. */
export function wholeCost({ fold, json, windows }: EngineCost): number {
  return fold + json + windows;
}
