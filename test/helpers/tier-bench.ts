// The window objects of one project and their archive in Node, with a clock of the test's own: all of a metric's tiers.
import type { Event } from "../../protocol/event.ts";
import type { Metric } from "../../protocol/metric.ts";
import type { Group, Series } from "../../protocol/series.ts";
import { type BackfillJob, newJob } from "../../durable-objects/backfill/backfill-job.ts";
import { BackfillRun, TakeLaterError } from "../../durable-objects/backfill/backfill-run.ts";
import type { ReplaceOutcome, Replacement } from "../../durable-objects/backfill/replacement.ts";
import type { Definitions } from "../../durable-objects/definitions.ts";
import { compileMetric, type DefinedMetric } from "../../durable-objects/engine/compiled-metric.ts";
import { type Placement, placementsOf } from "../../durable-objects/engine/placement.ts";
import { RangeFolder } from "../../durable-objects/engine/range-folder.ts";
import { replayed } from "../../durable-objects/engine/replay.ts";
import { WindowSet } from "../../durable-objects/engine/window-set.ts";
import { MetricReader, type Span } from "../../durable-objects/metric-reader.ts";
import { PointArchiver } from "../../durable-objects/point-archiver.ts";
import { PointKeeper } from "../../durable-objects/point-keeper.ts";
import { QueryPlanner, windowSpanOf } from "../../durable-objects/query-planner.ts";
import { parseSettings } from "../../durable-objects/settings.ts";
import { WindowStore } from "../../durable-objects/storage/window-store.ts";
import type { Refusal, StitchPlan, WindowAnswer, WindowQuery } from "../../durable-objects/window-query.ts";
import { TieredReader } from "../../workers/query/tiered-reader.ts";
import { SimulatedStorage } from "../simulation/simulated-storage.ts";

const PROJECT = "p";

/** A bucket in memory, with the little that is asked of R2. */
export class MemoryBucket {
  readonly objects = new Map<string, Uint8Array>();
  /** How many writes succeed before one fails. */
  failAfter = Number.POSITIVE_INFINITY;

  put(path: string, body: Uint8Array): Promise<void> {
    if (this.failAfter-- === 0) return Promise.reject(new Error("the bucket does not answer"));
    this.objects.set(path, body.slice());
    return Promise.resolve();
  }

  get(path: string, options?: { range: { offset: number; length: number } }): Promise<object | null> {
    const body = this.objects.get(path);
    if (body === undefined) return Promise.resolve(null);
    const { offset, length } = options?.range ?? { offset: 0, length: body.length };
    const part = body.slice(offset, offset + length).buffer;
    return Promise.resolve({ arrayBuffer: () => Promise.resolve(part) });
  }
}

/** One window object: what `MetricWindow` is made of, without its alarms. */
class WindowObject {
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
      object: (name) => bench.object(name) as never,
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

  readShare(name: string, span: Span): Promise<string | undefined> {
    const share = this.reader.readShare(name, span);
    return Promise.resolve(share && JSON.stringify(share));
  }

  keptPoints(defined: string, afterMs: number, untilMs: number): Promise<string | undefined> {
    const kept = this.reader.keptPoints(JSON.parse(defined) as DefinedMetric, afterMs, untilMs);
    return Promise.resolve(kept && JSON.stringify(kept));
  }

  async readSeries(name: string, span: Span): Promise<WindowAnswer> {
    return { ok: true, body: JSON.stringify((await this.reader.read(name, span))?.series ?? []) };
  }
}

export class TierBench {
  readonly definitions: Definitions;
  readonly vars: Record<string, string>;
  readonly hasArchive: boolean;
  readonly bucket = new MemoryBucket();
  /** What reading the archive has cost, all queries together. */
  readonly cold = { requests: 0, bytes: 0, neededBytes: 0 };
  readonly #objects = new Map<string, WindowObject>();

  constructor(definitions: Definitions, vars: Record<string, string> = {}, hasArchive = true) {
    this.definitions = definitions;
    this.vars = vars;
    this.hasArchive = hasArchive;
    const placements = placementsOf(PROJECT, definitions.metrics);
    if (!placements.some(({ name }) => name === PROJECT)) placements.push({ name: PROJECT, metrics: [] });
    for (const placement of placements) this.#objects.set(placement.name, new WindowObject(this, placement));
  }

  object(name: string): WindowObject {
    const object = this.#objects.get(name);
    if (object === undefined) throw new Error(`there is no object ${name}`);
    return object;
  }

  /** Feeds events in the order of their time, a checkpoint every `checkpointMs` of it. */
  async feed(events: readonly Event[], checkpointMs: number): Promise<void> {
    const sorted = [...events].sort((a, b) => a.ts - b.ts);
    for (let i = 0; i < sorted.length;) {
      const untilMs = (sorted[i]?.ts ?? 0) + checkpointMs;
      const begin = i;
      while (i < sorted.length && (sorted[i]?.ts ?? 0) < untilMs) i++;
      for (const object of this.#objects.values()) object.apply(sorted.slice(begin, i), untilMs);
      await this.checkpoint(untilMs);
    }
  }

  /** No event comes for a while: everything is sealed, archived and rolled up as its age asks for. */
  async settle(nowMs: number): Promise<void> {
    for (const object of this.#objects.values()) object.idle(nowMs);
    while (await this.checkpoint(nowMs));
  }

  async checkpoint(nowMs: number): Promise<boolean> {
    let hasMore = false;
    for (const object of this.#objects.values()) {
      if (await object.checkpoint(this.definitions, nowMs)) hasMore = true;
    }
    return hasMore;
  }

  /** Computes a metric's windows up to `untilMs` anew, over events of which none is archived. */
  async backfill(
    metric: Metric,
    events: readonly Event[],
    untilMs: number,
    nowMs: number,
  ): Promise<BackfillJob> {
    const objects = placementsOf(PROJECT, this.definitions.metrics).filter(({ metrics }) =>
      metrics.some((defined) => defined.metric.name === metric.name),
    );
    const windows = this.object(objects[0]?.name ?? "").set.metric(metric.name);
    if (windows === undefined) throw new Error(`there is no metric ${metric.name}`);
    const { stretchMs } = this.object(objects[0]?.name ?? "").keeper.sealing(windows);
    const folder = new RangeFolder([compileMetric({ metric: replayed(metric), revision: 0 })]);
    for (const event of events) if (event.ts < untilMs) folder.add(event);
    const shares = [{ files: [], tail: folder.finish().metrics }];
    const fromMs = Math.floor((events[0]?.ts ?? 0) / stretchMs) * stretchMs - 10 * stretchMs;
    const job = {
      ...newJob({ metric: metric.name, revision: 1, asked: { fromMs, toMs: untilMs } }, nowMs),
      id: 1,
    };
    const replace = async (shard: number, replacement: Replacement): Promise<ReplaceOutcome> => {
      const object = this.object(objects[shard]?.name ?? "");
      const outcome = object.replacePoints(replacement, this.definitions, nowMs);
      if (outcome.type === "later") await this.checkpoint(nowMs);
      return outcome;
    };
    const parts = { bucket: undefined as never, replace, save: () => undefined };
    const run = new BackfillRun(job, { metric, untilMs, stretchMs, shares }, parts);
    for (let tries = 0, done = false; !done;) {
      done = await run.step().catch((error: unknown) => {
        if (!(error instanceof TakeLaterError) || ++tries > 1_000) throw error;
        return false;
      });
    }
    return job;
  }

  async plan(query: WindowQuery, nowMs: number): Promise<StitchPlan | Refusal> {
    const planner = new QueryPlanner({
      objectName: PROJECT,
      reader: this.object(PROJECT).reader,
      definitions: () => this.definitions,
      coverageOf: (name, metric) => {
        const { set, keeper } = this.object(name);
        const windows = set.metric(metric);
        return Promise.resolve(windows && JSON.stringify(keeper.coverage(windows, nowMs)));
      },
    });
    return planner.plan(query);
  }

  /** Reads what a plan names, as `GET /v1/query` does. */
  async read(plan: StitchPlan, groups?: Group[]): Promise<Series[] | Refusal> {
    const span = windowSpanOf(plan);
    if (span !== undefined) {
      const reading = await this.object(PROJECT).reader.read(plan.metric, {
        ...span,
        ...(groups && { groups }),
      });
      return reading?.series ?? [];
    }
    const env = {
      ...this.vars,
      ARCHIVE: this.bucket,
      METRIC_WINDOW: { getByName: (name: string) => this.object(name) },
      POINT_ARCHIVER: { getByName: (name: string) => this.object(name).archiver },
    };
    const reader = new TieredReader(env as never, PROJECT);
    const read = await reader.read(plan, groups);
    this.cold.requests += reader.cold.requests;
    this.cold.bytes += reader.cold.bytes;
    this.cold.neededBytes += reader.cold.neededBytes;
    return read;
  }
}
