import { DurableObject } from "cloudflare:workers";
import { LIMITS } from "../protocol/limits.ts";
import type { Series, TierSpan } from "../protocol/series.ts";
import type { Definitions } from "./catalog.ts";
import type { MetricWindows } from "./engine/metric-windows.ts";
import type { RangePartial } from "./engine/partials.ts";
import { matchesGroups } from "./engine/group-key.ts";
import { metricsOf, projectOf } from "./engine/placement.ts";
import { resample, seriesOf } from "./engine/window-points.ts";
import type { WindowSet, WindowStep } from "./engine/window-set.ts";
import { catalogOf, type Env, settingsOf } from "./env.ts";
import type { Settings } from "./settings.ts";
import { WindowStore } from "./storage/window-store.ts";
import { WatcherList } from "./watcher-list.ts";

/** A question to one metric: ends of windows in `[fromMs, toMs]`, one point every `stepMs` if given. */
export interface WindowQuery {
  metric: string;
  fromMs: number;
  toMs: number;
  stepMs?: number;
  /** Whether `toMs` is the clock's time, or later. */
  upToNow: boolean;
  groups?: Record<string, string>[];
  mostPoints: number;
}

/** JSON of the answer, or why there is none. */
export type WindowAnswer =
  | { ok: true; body: string }
  | { ok: false; reason: "unknown_metric" | "step" | "points" | "unavailable"; message: string };

/** Counters of one metric, for `/metrics`. */
export interface MetricStats {
  metric: string;
  watermarkMs: number;
  late: number;
  skipped: number;
  folded: number;
  dropped: number;
}

const ASK_EVERY_MS = 1_000;
const ASK_TIMEOUT_MS = 3_000;
const CHECKPOINT_EVERY_MS = 30_000;

/**
 * The windows of one project (its name). Readers send it partial aggregates; it answers queries and pushes changed
 * points to the hubs that watch. No timer runs while calls come: the alarm only closes windows after the last one.
 */
export class MetricWindow extends DurableObject<Env> {
  readonly #name: string;
  readonly #settings: Settings;
  readonly #store: WindowStore;
  readonly #set: WindowSet;
  readonly #watchers: WatcherList;
  #definitions: Definitions;
  #askedMs = 0;
  #checkpointMs = Date.now();
  #alarmSet = false;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#name = ctx.id.name ?? "";
    this.#settings = settingsOf(env);
    this.#store = new WindowStore(ctx.storage);
    const { set, definitions } = this.#store.load(this.#name, this.#settings);
    this.#set = set;
    this.#definitions = definitions;
    this.#watchers = new WatcherList({
      store: this.#store,
      set,
      tickMs: this.#settings.liveTickMs,
      hub: (name) => env.LIVE_HUB.getByName(name),
      keepAlive: (task) => ctx.waitUntil(task),
    });
  }

  /** The last offset of a partition that is applied; -1: none. */
  appliedOffset(partition: number): number {
    return this.#set.appliedOffset(partition);
  }

  /**
   * Takes a reader's {@link RangePartial} as JSON, if it begins where the last one ended and was folded with the
   * definitions in force: so each definition's first offset is known.
   *
   * @returns the last offset that is applied, and durable: the range's own, or the one that it should begin after.
   */
  async apply(text: string): Promise<number> {
    const partial = JSON.parse(text) as RangePartial;
    if (partial.version > this.#definitions.version) await this.#refresh();
    const applied = this.#set.appliedOffset(partial.partition);
    if (partial.after !== applied || partial.version < this.#definitions.version) return applied;
    const nowMs = Date.now();
    this.#take({ type: "range", partial }, `{"type":"range","partial":${text}}`, nowMs);
    this.#watchers.changed(partial.oldestReceivedMs, nowMs);
    if (nowMs - this.#askedMs >= ASK_EVERY_MS) this.ctx.waitUntil(this.#askReaders());
    if (!this.#alarmSet && this.#set.hasOpenWindows) {
      this.#alarmSet = true;
      await this.ctx.storage.setAlarm(nowMs + this.#settings.idlePartitionMs + ASK_EVERY_MS);
    }
    return partial.to;
  }

  /** Answers a query over the live tier. */
  async query(query: WindowQuery): Promise<WindowAnswer> {
    const windows = await this.#metric(query.metric);
    if (windows === undefined) return unknownMetric(query.metric);
    const { everyMs, type } = windows.compiled.metric.window;
    const stepMs = query.stepMs ?? everyMs;
    if (stepMs % everyMs !== 0) {
      const what = type === "tumbling" ? "window's size" : "window's step";
      return {
        ok: false,
        reason: "step",
        message: `step is ${stepMs} ms; expected a multiple of the ${what}, ${everyMs} ms`,
      };
    }
    const points = (query.toMs - query.fromMs) / stepMs;
    if (points > query.mostPoints) {
      const message = `from, to and step ask for ${Math.ceil(points)} points a series; the bound is ${query.mostPoints}`;
      return { ok: false, reason: "points", message };
    }
    // A span that reaches up to now holds the window that is open now, though that ends later.
    const toMs = query.upToNow ? query.toMs + stepMs : query.toMs;
    const series = this.#series(windows, query.fromMs, toMs, stepMs);
    const tiers: TierSpan[] = [{ tier: "live", from: query.fromMs, to: query.toMs }];
    const matching = series.filter(({ group }) => matchesGroups(group, query.groups));
    return { ok: true, body: JSON.stringify({ metric: query.metric, series: matching, tiers }) };
  }

  /**
   * The last `rangeMs` of a metric for a hub, which from then on gets its changes.
   *
   * @returns the JSON members of a snapshot frame after `id`.
   */
  async watch(hub: string, metric: string, rangeMs: number): Promise<WindowAnswer> {
    const windows = await this.#metric(metric);
    if (windows === undefined) return unknownMetric(metric);
    const { everyMs } = windows.compiled.metric.window;
    if (rangeMs / everyMs > LIMITS.pointsPerSeries) {
      const points = Math.ceil(rangeMs / everyMs);
      const message = `range asks for ${points} points a series; the bound is ${LIMITS.pointsPerSeries}`;
      return { ok: false, reason: "points", message };
    }
    const nowMs = Date.now();
    const cursor = this.#watchers.add(hub, windows);
    const series = this.#series(windows, nowMs - rangeMs, Infinity, everyMs);
    return { ok: true, body: JSON.stringify({ cursor, series, watermark: this.#watermark(windows) }) };
  }

  unwatch(hub: string, metric: string): void {
    this.#watchers.remove(hub, metric);
  }

  /** The catalog says that definitions have changed. */
  async redefine(): Promise<void> {
    await this.#refresh();
  }

  /** Closes what waits only for the clock; after a restart, also what the lost alarm would have. */
  async wake(): Promise<void> {
    if (this.#set.hasOpenWindows) await this.alarm();
  }

  async stats(): Promise<MetricStats[]> {
    await this.#refresh();
    return [...this.#set.metrics()].map((windows) => ({
      metric: windows.compiled.metric.name,
      watermarkMs: this.#set.watermarkOf(windows.compiled),
      ...windows.counts,
    }));
  }

  override async alarm(): Promise<void> {
    this.#alarmSet = true;
    await this.#askReaders();
    if (this.#store.isDirty && Date.now() - this.#checkpointMs >= CHECKPOINT_EVERY_MS) this.#checkpoint();
    if (this.#set.hasOpenWindows) {
      await this.ctx.storage.setAlarm(Date.now() + ASK_EVERY_MS);
    } else {
      this.#alarmSet = false;
      if (this.#store.isDirty) this.#checkpoint();
    }
  }

  /** Takes a step and makes it durable; memory that ran ahead of the disk is thrown away with the object. */
  #take(step: WindowStep, text: string, nowMs: number): void {
    try {
      this.#set.step(step, nowMs);
      const kept = this.#store.append(text, nowMs);
      if (!kept || this.#store.isFull || nowMs - this.#checkpointMs >= CHECKPOINT_EVERY_MS)
        this.#checkpoint();
    } catch (error) {
      this.ctx.abort(`a step failed: ${error instanceof Error ? error.message : String(error)}`);
      throw error;
    }
  }

  #checkpoint(): void {
    this.#checkpointMs = Date.now();
    this.#watchers.draw();
    this.#store.checkpoint(this.#set, this.#definitions, this.#checkpointMs - this.#settings.liveRetentionMs);
  }

  /** Silent partitions hold windows open until their readers say that they stand at the end of the log. */
  async #askReaders(): Promise<void> {
    const nowMs = Date.now();
    this.#askedMs = nowMs;
    const asked = this.#set.partitionsToAsk(nowMs);
    if (asked.length === 0) return;
    const answers = await Promise.all(asked.map((partition) => this.#caughtUp(partition)));
    const partitions = answers.filter(([, caughtUpMs]) => caughtUpMs >= 0);
    if (partitions.length === 0) return;
    const step: WindowStep = { type: "caughtUp", partitions };
    const answeredMs = Date.now();
    this.#take(step, JSON.stringify(step), answeredMs);
    this.#watchers.changed(answeredMs, answeredMs);
  }

  async #caughtUp(partition: number): Promise<[number, number]> {
    const reader = this.env.PARTITION_READER.getByName(String(partition));
    // A timer that is left running would keep this object awake.
    const timeout = new AbortController();
    const silence = scheduler.wait(ASK_TIMEOUT_MS, { signal: timeout.signal }).then(() => -1);
    try {
      return [partition, await Promise.race([reader.caughtUp(), silence])];
    } catch {
      return [partition, -1];
    } finally {
      timeout.abort();
      silence.catch(() => undefined);
    }
  }

  async #metric(name: string): Promise<MetricWindows | undefined> {
    if (this.#set.metric(name) === undefined) await this.#refresh();
    return this.#set.metric(name);
  }

  /** Takes the definitions in force. They are part of what a journal is replayed with: a checkpoint follows. */
  async #refresh(): Promise<void> {
    const project = projectOf(this.#name);
    const definitions = (await catalogOf(this.env).definitions(project)) as Definitions;
    if (definitions.version <= this.#definitions.version) return;
    this.#definitions = definitions;
    for (const ended of this.#set.define(metricsOf(this.#name, definitions.metrics))) {
      this.#watchers.ended(ended);
      this.#store.forgetMetric(ended.compiled.metric.name);
    }
    this.#checkpoint();
  }

  #series(windows: MetricWindows, fromMs: number, toMs: number, stepMs: number): Series[] {
    // The first step is whole, or it is left out: part of one would look like all of it.
    const wholeFromMs = Math.ceil(fromMs / stepMs) * stepMs - stepMs + 1;
    const { compiled, finalEnd, sealedEnd } = windows;
    const stored = this.#store.points(compiled.metric.name, wholeFromMs, toMs);
    const points = windows.points(wholeFromMs, toMs, stored);
    return seriesOf(compiled, resample(compiled, points, stepMs, { finalEnd, sealedEnd }));
  }

  #watermark(windows: MetricWindows): number | null {
    const watermark = this.#set.watermarkOf(windows.compiled);
    return watermark < 0 ? null : watermark;
  }
}

function unknownMetric(name: string): WindowAnswer {
  return { ok: false, reason: "unknown_metric", message: `there is no metric '${name}'` };
}
