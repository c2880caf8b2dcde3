import { compileMetric, type DefinedMetric } from "../engine/compiled-metric.ts";
import { countSamples, halve, type HotSeries, HotSeriesBuilder } from "../engine/hot-series.ts";
import { projectOf, shardNameOf } from "../engine/placement.ts";
import type { WindowSet } from "../engine/window-set.ts";
import type { Settings } from "../settings.ts";
import { type Cursor, HotOutbox, isBefore, type OutboxBatch } from "../storage/hot-outbox.ts";
import type { Losing, PointStore } from "../storage/point-store.ts";
import { HotStoreClient } from "../storage/hot-store-client.ts";
import { backoffMs } from "../storage/remote-write.ts";

/** Points of one request: bounds the time that making it takes from the windows. */
const MOST_POINTS = 2_000;
/** VictoriaMetrics writes what it has acknowledged to its disk within five seconds. */
const SETTLE_MS = 10_000;
/** Requests that a refused batch may be taken apart by: enough to find a few bad samples, too few to flood a store. */
const MOST_SPLITS = 64;

/** What one window object has sent. */
export interface HotStats {
  object: string;
  waitingPoints: number;
  sentPoints: number;
  retries: Record<string, number>;
  dropped: Record<string, number>;
}

interface HotSenderOptions {
  objectName: string;
  outbox: HotOutbox;
  client: Pick<HotStoreClient, "write" | "life">;
  definedOf: (metric: string) => DefinedMetric | undefined;
  keepAlive: (task: Promise<void>) => void;
  /** Called when there is something to do at a later time: calls, or an alarm, then lead to {@link HotSender.nudge}. */
  wakeBy: (dueMs: number) => void;
}

/**
 * Sends sealed points to the hot store, one request after the other, so that each series arrives in order. Whatever
 * fails is repeated: a point never changes, and of two copies at the same time a store keeps one.
 */
export class HotSender {
  readonly #options: HotSenderOptions;
  #isRunning = false;
  #failures = 0;
  #dueMs = 0;
  /** What was acknowledged at some time, to be settled a while later. */
  #mark: { cursor: Cursor; ms: number } | undefined;
  #tellsItsLife = true;
  /** The batch that begins here was sent without an answer: it may have arrived. */
  #uncertain: Cursor | undefined;

  constructor(options: HotSenderOptions) {
    this.#options = options;
    const { unsettled, next } = options.outbox.state;
    if (options.outbox.isEmpty && !isBefore(unsettled, next)) this.#dueMs = Number.POSITIVE_INFINITY;
  }

  /** When there is next something to do, epoch ms. */
  get dueMs(): number {
    return this.#dueMs;
  }

  /** There are new points. */
  added(nowMs: number): void {
    if (this.#failures === 0) this.#dueMs = Math.min(this.#dueMs, nowMs);
    this.nudge(nowMs);
  }

  /** Rows of points are about to be deleted before their time. */
  readonly losing: Losing = (condition, parameter, reason) => {
    this.#options.outbox.losing(condition, parameter, reason);
  };

  /** Rows of points before this id are out for good. */
  get passedRow(): number {
    return this.#options.outbox.passedRow;
  }

  /** Points of the metric that end by then are of another that had its name, epoch ms. */
  floorOf(metric: string): number {
    return this.#options.outbox.floorOf(metric);
  }

  /** A metric has ended, its windows sealed up to `sealedEnd`. */
  ended(defined: DefinedMetric, sealedEnd: number): void {
    this.#options.outbox.endMetric(defined, sealedEnd);
  }

  stats(): HotStats {
    const { objectName, outbox } = this.#options;
    const { sentPoints, retries, dropped } = outbox.state;
    return { object: objectName, waitingPoints: outbox.waitingPoints, sentPoints, retries, dropped };
  }

  /** Does what is due. */
  nudge(nowMs: number): void {
    if (nowMs < this.#dueMs || this.#isRunning) return;
    this.#isRunning = true;
    this.#options.keepAlive(this.#run());
  }

  async #run(): Promise<void> {
    try {
      const failed = (await this.#checkLife()) ?? (await this.#sendAll());
      const nowMs = Date.now();
      if (failed !== undefined) this.#fail(failed, nowMs);
      else this.#succeed();
    } finally {
      this.#isRunning = false;
      if (this.#dueMs < Number.POSITIVE_INFINITY) this.#options.wakeBy(this.#dueMs);
    }
  }

  #succeed(): void {
    this.#failures = 0;
    this.#dueMs = this.#mark === undefined ? Number.POSITIVE_INFINITY : this.#mark.ms + SETTLE_MS;
  }

  #fail({ reason, retryAfterMs }: Failure, nowMs: number): void {
    const { outbox } = this.#options;
    this.#failures++;
    outbox.retry(reason);
    if (!this.#tellsItsLife) this.#rewind();
    outbox.save();
    this.#dueMs = nowMs + backoffMs(this.#failures, retryAfterMs, Math.random());
  }

  /** A store that has been started since it acknowledged gets once more what it may not have written before. */
  async #checkLife(): Promise<Failure | undefined> {
    const { outbox, client } = this.#options;
    if (this.#tellsItsLife) {
      const life = await client.life();
      if (!life.reached) return { reason: life.reason, retryAfterMs: 0 };
      const before = outbox.state.life;
      // Several stores behind one address tell by turns.
      if (life.startedS === undefined || life.startedS < (before ?? 0)) this.#tellsItsLife = false;
      else if (life.startedS !== before) {
        outbox.state.life = life.startedS;
        if (before !== undefined) this.#rewind();
        outbox.save();
      }
    }
    this.#settle(Date.now());
    this.#markAcknowledged(Date.now());
    return undefined;
  }

  #rewind(): void {
    this.#mark = undefined;
    this.#options.outbox.rewind();
  }

  /** The store lives still that acknowledged what is marked: it has had the time to write it. */
  #settle(nowMs: number): void {
    const { outbox } = this.#options;
    if (this.#mark === undefined || nowMs < this.#mark.ms + SETTLE_MS) return;
    outbox.settle(this.#mark.cursor);
    outbox.save();
    this.#mark = undefined;
  }

  #markAcknowledged(nowMs: number): void {
    const { unsettled, next, acknowledgedMs } = this.#options.outbox.state;
    if (this.#mark === undefined && isBefore(unsettled, next)) {
      this.#mark = { cursor: next, ms: Math.max(acknowledgedMs, nowMs - SETTLE_MS) };
    }
  }

  async #sendAll(): Promise<Failure | undefined> {
    const { outbox, definedOf } = this.#options;
    let checkedMs = Date.now();
    for (;;) {
      const { next, acknowledged } = outbox.state;
      const isRepeat = isBefore(next, acknowledged);
      const batch = outbox.batch(MOST_POINTS, definedOf, isRepeat ? acknowledged : undefined);
      if (batch === undefined) break;
      const failed = await this.#sendBatch(batch, isRepeat);
      if (failed !== undefined) return failed;
      this.#failures = 0;
      if (Date.now() - checkedMs < SETTLE_MS) continue;
      checkedMs = Date.now();
      const lost = await this.#checkLife();
      if (lost !== undefined) return lost;
    }
    this.#markAcknowledged(Date.now());
    return undefined;
  }

  async #sendBatch(batch: OutboxBatch, isRepeat: boolean): Promise<Failure | undefined> {
    const { outbox, client, objectName } = this.#options;
    const builder = new HotSeriesBuilder(projectOf(objectName), shardNameOf(objectName));
    for (const { defined, points } of batch.parts) builder.add(compileMetric(defined), points);
    const series = builder.take();
    const begin = outbox.state.next;
    const isUncertain = sameCursor(begin, this.#uncertain);
    let refused = 0;
    if (series.length > 0) {
      this.#uncertain = begin;
      const outcome = await client.write(series);
      if (outcome.type === "failed") return outcome;
      if (outcome.type === "refused" && !isRepeat) {
        const sent = await this.#sendParts(series, outcome.reason, isUncertain);
        if (sent.failed !== undefined) return sent.failed;
        refused = sent.refused;
      }
    }
    this.#uncertain = undefined;
    if (refused > 0) outbox.noteRefused(batch);
    outbox.advance(batch, isRepeat ? 0 : countSamples(series) - refused, Date.now());
    outbox.save();
    return undefined;
  }

  /** A store that refuses a batch may do so for one of its samples: the others are to arrive. */
  async #sendParts(series: HotSeries[], reason: string, isUncertain: boolean): Promise<PartsSent> {
    const dropped: Record<string, number> = {};
    let splits = 0;
    const waiting: HotSeries[][] = halve(series) ?? [];
    if (waiting.length === 0) dropped[reason] = countSamples(series);
    while (waiting.length > 0) {
      const part = waiting.shift() ?? [];
      const outcome = splits++ < MOST_SPLITS ? await this.#options.client.write(part) : undefined;
      if (outcome?.type === "failed") return { failed: outcome, refused: 0 };
      if (outcome?.type === "written") continue;
      const halves = outcome === undefined ? undefined : halve(part);
      if (halves !== undefined) waiting.unshift(...halves);
      else
        dropped[outcome?.reason ?? reason] = (dropped[outcome?.reason ?? reason] ?? 0) + countSamples(part);
    }
    let refused = 0;
    for (const [why, points] of Object.entries(dropped)) {
      // What may have arrived before is most likely refused for that.
      this.#options.outbox.drop(isUncertain ? `repeated_${why}` : why, points);
      refused += points;
    }
    return { refused };
  }
}

interface Failure {
  reason: string;
  retryAfterMs: number;
}

interface PartsSent {
  failed?: Failure;
  refused: number;
}

/** The sender of a window object; undefined: no hot store is set. */
export function openHotSender(
  ctx: DurableObjectState,
  settings: Settings,
  set: WindowSet,
  points: PointStore,
  wakeBy: (dueMs: number) => void,
): HotSender | undefined {
  if (settings.hotWrite === undefined) return undefined;
  return new HotSender({
    objectName: ctx.id.name ?? "",
    outbox: new HotOutbox(ctx.storage, points),
    client: new HotStoreClient(settings.hotWrite),
    definedOf: (metric) => set.metric(metric)?.compiled,
    keepAlive: (task) => ctx.waitUntil(task),
    wakeBy,
  });
}

function sameCursor(a: Cursor, b: Cursor | undefined): boolean {
  return b !== undefined && a[0] === b[0] && a[1] === b[1];
}
