import type { Event } from "../../protocol/event.ts";
import type { ReplaceOutcome, Replacement } from "../../durable-objects/backfill/replacement.ts";
import type { Definitions } from "../../durable-objects/catalog/definitions.ts";
import { compileMetric, type DefinedMetric } from "../../durable-objects/engine/compiled-metric.ts";
import type { Placement } from "../../durable-objects/engine/placement.ts";
import { RangeFolder } from "../../durable-objects/engine/range-folder.ts";
import { WindowSet } from "../../durable-objects/engine/window-set.ts";
import { MetricReader, type Span } from "../../durable-objects/window/metric-reader.ts";
import { PointArchiver } from "../../durable-objects/point-archiver.ts";
import { PointKeeper } from "../../durable-objects/window/point-keeper.ts";
import { refusalOf } from "../../durable-objects/window/reading-errors.ts";
import { parseSettings } from "../../durable-objects/settings.ts";
import { WindowStore } from "../../durable-objects/storage/window-store.ts";
import type { WindowAnswer } from "../../durable-objects/window/window-query.ts";
import { SimulatedStorage } from "../simulation/simulated-storage.ts";
import type { TierBench } from "./tier-bench.ts";

/** One window object: what `MetricWindow` is made of, without its alarms. */
export class WindowObject {
  readonly #placement: Placement;
  readonly set = new WindowSet({ partitions: 1, idlePartitionMs: 1_000 });
  readonly #storage = new SimulatedStorage();
  readonly store: WindowStore;
  readonly keeper: PointKeeper;
  readonly reader: MetricReader;
  readonly archiver: PointArchiver;
  #offset = -1;
  #tasks: Promise<void>[] = [];

  constructor(bench: TierBench, placement: Placement) {
    this.#placement = placement;
    this.set.define(placement.metrics);
    const storage = this.#storage as never;
    this.store = new WindowStore(storage);
    const context = { id: { name: placement.name }, storage: new SimulatedStorage() };
    this.archiver = new PointArchiver(context as never, { ARCHIVE: bench.bucket } as never);
    const settings = parseSettings(bench.vars);
    if (!settings.ok) throw new Error(settings.message);
    this.keeper = new PointKeeper({
      storage,
      points: this.store.points,
      set: this.set,
      settings: settings.value,
      definitions: () => bench.definitions,
      hot: undefined,
      archiver: bench.hasArchive ? (this.archiver as never) : undefined,
      keepAlive: (task) => void this.#tasks.push(task),
      wakeBy: () => undefined,
    });
    this.reader = new MetricReader({
      objectName: placement.name,
      set: this.set,
      store: this.store,
      definitions: () => bench.definitions,
      object: (name) => bench.stub(name) as never,
      keeper: () => this.keeper,
    });
  }

  apply(events: readonly Event[], nowMs: number): void {
    const folder = new RangeFolder(this.#placement.metrics.map(compileMetric), this.#placement.share);
    for (const event of events) folder.add(event);
    const after = this.#offset++;
    const range = {
      partition: 0,
      after,
      from: after + 1,
      to: after + 1,
      version: 1,
      oldestReceivedMs: nowMs,
    };
    this.set.step({ type: "range", partial: { ...range, ...folder.finish() } }, nowMs);
  }

  idle(nowMs: number): void {
    this.set.step({ type: "caughtUp", partitions: [[0, nowMs]] }, nowMs);
  }

  /** What the object does every half minute. */
  async checkpoint(definitions: Definitions, nowMs: number): Promise<boolean> {
    this.store.checkpoint(this.set, definitions, (points) => this.keeper.keep(points, nowMs));
    this.keeper.nudge(nowMs, true);
    await Promise.all(this.#tasks.splice(0));
    return this.keeper.hasMore;
  }

  /** What `MetricWindow.replacePoints` does. */
  replacePoints(replacement: Replacement, definitions: Definitions, nowMs: number): ReplaceOutcome {
    const windows = this.set.metric(replacement.metric);
    if (windows === undefined) return { type: "ended" };
    const reason = this.keeper.laterThan(windows, replacement);
    if (reason !== undefined) return { type: "later", reason };
    this.store.checkpoint(this.set, definitions, (points) => this.keeper.keep(points, nowMs, replacement));
    return { type: "replaced" };
  }

  get databaseSize(): number {
    return this.#storage.sql.databaseSize;
  }

  coverage(metric: string, nowMs: number): string | undefined {
    const windows = this.set.metric(metric);
    return windows && JSON.stringify(this.keeper.coverage(windows, nowMs));
  }

  readShare(name: string, span: Span): string | undefined {
    try {
      const share = this.reader.readShare(name, span);
      return share && JSON.stringify(share);
    } catch (error) {
      return JSON.stringify(refusalOf(error));
    }
  }

  keptPoints(defined: string, afterMs: number, untilMs: number): string {
    try {
      return JSON.stringify(this.reader.keptPoints(JSON.parse(defined) as DefinedMetric, afterMs, untilMs));
    } catch (error) {
      return JSON.stringify(refusalOf(error));
    }
  }

  async readSeries(name: string, span: Span): Promise<WindowAnswer> {
    try {
      return { ok: true, body: JSON.stringify((await this.reader.read(name, span))?.series ?? []) };
    } catch (error) {
      return refusalOf(error);
    }
  }
}
