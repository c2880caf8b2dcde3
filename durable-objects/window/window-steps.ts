import type { Replacement } from "../backfill/replacement.ts";
import type { Definitions } from "../catalog/definitions.ts";
import type { RangePartial } from "../engine/partials.ts";
import type { WindowSet, WindowStep } from "../engine/window-set.ts";
import type { HotSender } from "./hot-sender.ts";
import type { LiveFeed } from "./live-feed.ts";
import type { PointKeeper } from "./point-keeper.ts";
import type { WindowStore } from "../storage/window-store.ts";
import type { WindowAlerts } from "../alerts/window-alerts.ts";

const ASK_EVERY_MS = 1_000;
const CHECKPOINT_EVERY_MS = 30_000;
/** Between two checkpoints of which each rolls up a few of many points. */
const KEEP_ON_MS = 200;
/** Sealed points that are kept in memory until a checkpoint writes them: some MB. */
const MOST_SEALED_POINTS = 20_000;

interface WindowStepsOptions {
  ctx: Pick<DurableObjectState, "abort" | "storage" | "waitUntil">;
  idlePartitionMs: number;
  definitions: () => Definitions;
  /** Since when a partition's reader has stood at the end of the log, epoch ms; -1: it does not, or does not answer. */
  askReader: (partition: number) => Promise<[partition: number, caughtUpMs: number]>;
  set: WindowSet;
  store: WindowStore;
  feed: LiveFeed;
  alerts: WindowAlerts;
  keeper: PointKeeper;
  hot: HotSender | undefined;
}

/**
 * What moves a window object on: ranges of events and, where none come, the clock. A step is on disk before anybody is
 * told of it; a checkpoint now and then puts an end to the journal. No timer runs while calls come: the one alarm, for
 * all that is to be done, looks again later.
 */
export class WindowSteps {
  readonly #options: WindowStepsOptions;
  #askedMs = 0;
  #appliedMs = 0;
  #checkpointMs = Date.now();
  #alarmSet = false;

  constructor(options: WindowStepsOptions) {
    this.#options = options;
  }

  /** Takes a range that begins where the last one of its partition ended. */
  async apply(partial: RangePartial, text: string): Promise<void> {
    const { ctx, set, feed, alerts, hot } = this.#options;
    const nowMs = Date.now();
    this.#appliedMs = nowMs;
    this.#take({ type: "range", partial }, `{"type":"range","partial":${text}}`, nowMs);
    feed.changed(partial.oldestReceivedMs, nowMs);
    hot?.nudge(nowMs);
    alerts.nudge(nowMs);
    if (nowMs - this.#askedMs >= ASK_EVERY_MS) ctx.waitUntil(this.askReaders());
    if (this.#alarmSet || !set.hasOpenWindows) return;
    this.#alarmSet = true;
    await ctx.storage.setAlarm(this.#quietMs);
  }

  /** Silent partitions hold windows open until their readers say that they stand at the end of the log. */
  async askReaders(partitions?: readonly number[]): Promise<void> {
    const { set, feed, alerts, askReader } = this.#options;
    this.#askedMs = Date.now();
    const asked = partitions ?? set.partitionsToAsk(this.#askedMs);
    if (asked.length === 0) return;
    const answers = await Promise.all(asked.map((partition) => askReader(partition)));
    const caughtUp = answers.filter(([, caughtUpMs]) => caughtUpMs >= 0);
    if (caughtUp.length === 0) return;
    const step: WindowStep = { type: "caughtUp", partitions: caughtUp };
    const answeredMs = Date.now();
    this.#take(step, JSON.stringify(step), answeredMs);
    feed.changed(answeredMs, answeredMs);
    alerts.nudge(answeredMs);
  }

  /**
   * Writes the whole state, in one transaction.
   *
   * @param replacement points that were computed anew, which it puts in the place of others.
   */
  checkpoint(replacement?: Replacement): void {
    const { set, store, definitions, feed, alerts, keeper, hot } = this.#options;
    this.#checkpointMs = Date.now();
    feed.draw();
    alerts.checkpoint(this.#checkpointMs);
    store.checkpoint(set, definitions(), (points) => keeper.keep(points, this.#checkpointMs, replacement));
    hot?.added(this.#checkpointMs);
    keeper.nudge(this.#checkpointMs);
    if (keeper.hasMore) this.wakeBy(this.#checkpointMs + KEEP_ON_MS);
  }

  /** Does what calls would have done, if any had come: while they come, it only looks again later. */
  async alarm(): Promise<void> {
    const { ctx, set, store, keeper } = this.#options;
    this.#alarmSet = true;
    this.#nudge(Date.now());
    if (keeper.hasMore) this.checkpoint();
    if (Date.now() - this.#appliedMs < ASK_EVERY_MS && set.hasOpenWindows) {
      await ctx.storage.setAlarm(this.#quietMs);
      return;
    }
    await this.askReaders();
    if (store.isDirty && Date.now() - this.#checkpointMs >= CHECKPOINT_EVERY_MS) this.checkpoint();
    if (set.hasOpenWindows) {
      await ctx.storage.setAlarm(Date.now() + ASK_EVERY_MS);
    } else {
      this.#alarmSet = false;
      if (store.isDirty) this.checkpoint();
      this.wake();
    }
  }

  /** Does what is due; after a restart, also what the lost alarm would have. */
  async catchUp(): Promise<void> {
    this.#nudge(Date.now());
    if (this.#options.set.hasOpenWindows || this.#dueMs <= Date.now()) await this.alarm();
  }

  /** Something is to be done by then, epoch ms. While windows are open, calls or the alarm come often enough. */
  wakeBy(wantedMs: number): void {
    const dueMs = Math.min(wantedMs, this.#dueMs);
    if (this.#alarmSet || dueMs === Number.POSITIVE_INFINITY) return;
    const { ctx } = this.#options;
    ctx.waitUntil(ctx.storage.setAlarm(Math.max(Date.now(), dueMs)));
  }

  /** Something may be due at another time than before. */
  wake(): void {
    this.wakeBy(Number.POSITIVE_INFINITY);
  }

  #nudge(nowMs: number): void {
    const { alerts, keeper, hot } = this.#options;
    hot?.nudge(nowMs);
    alerts.nudge(nowMs);
    keeper.nudge(nowMs);
  }

  /** When to ask readers, if no range comes until then, epoch ms. */
  get #quietMs(): number {
    return this.#appliedMs + this.#options.idlePartitionMs + ASK_EVERY_MS;
  }

  /** When there is something to do though no window is open, epoch ms; Infinity: never. */
  get #dueMs(): number {
    const { alerts, keeper, hot } = this.#options;
    const awaitedMs = Math.max(alerts.awaitedMs, this.#askedMs + ASK_EVERY_MS);
    return Math.min(awaitedMs, alerts.sendDueMs, hot?.dueMs ?? Number.POSITIVE_INFINITY, keeper.dueMs);
  }

  /** Takes a step and makes it durable; memory that ran ahead of the disk is thrown away with the object. */
  #take(step: WindowStep, text: string, nowMs: number): void {
    const { ctx, set, store, alerts } = this.#options;
    try {
      set.step(step, nowMs);
      const kept = store.append(text, nowMs);
      alerts.keep(nowMs);
      const isDue = store.isFull || nowMs - this.#checkpointMs >= CHECKPOINT_EVERY_MS;
      if (!kept || isDue || set.sealedPoints > MOST_SEALED_POINTS) this.checkpoint();
    } catch (error) {
      ctx.abort(`a step failed: ${error instanceof Error ? error.message : String(error)}`);
      throw error;
    }
  }
}
