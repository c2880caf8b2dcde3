import { DurableObject } from "cloudflare:workers";
import { BatchIdMemory } from "./engine/batch-id-memory.ts";
import { projectOf } from "./engine/placement.ts";
import { type FoldedRange, type FoldObject, foldRange, type FoldTarget } from "./engine/range-fold.ts";
import { type Env, settingsOf } from "./env.ts";
import { type LogSlice, type LogSource, LogUnavailableError, type StoredRecord } from "./log/event-log.ts";
import { foldable } from "./log/foldable.ts";
import { openSource } from "./log/open-log.ts";
import { ReadProgress } from "./observe/read-progress.ts";
import { ProjectDefinitions } from "./catalog/project-definitions.ts";
import { type ReaderCounts, ReaderStore } from "./storage/reader-store.ts";

/** How a reader does, for `/metrics` and `/healthz`. `retries` begins at 0 with each life of the object. */
export interface ReaderStats extends ReaderCounts {
  partition: number;
  nextOffset: number;
  endOffset: number;
  retries: number;
  lastError: string;
}

/** Without metrics there is nobody to tell. */
const NOBODY: FoldTarget = { version: 0, objects: [] };
const MAX_READ_BYTES = 1024 * 1024;
/** How long a read of a log that is followed waits for news: also how often a reader's word is renewed. */
const FOLLOW_WAIT_MS = 500;
/** How often, at most, a reader that keeps up reads: each range is a step that every window object makes durable. */
const RANGE_EVERY_MS = 20;
/** How often, at most, the cursor is saved and told to the log. */
const SAVE_EVERY_MS = 1_000;
const RETRY_LEAST_MS = 100;
const RETRY_MOST_MS = 5_000;
/** Re-creates the loop, should the object have been evicted with its socket open. */
const HEARTBEAT_MS = 30_000;

/**
 * Reads one partition (its name is the number), folds ranges into partial aggregates and sends them to the windows
 * of each project. Exactly once, because a window takes a range only where its last one ended: after a crash the
 * reader begins at an older offset, asks each window what it holds and leaves that out.
 * The embedded log wakes it; of Kafka it reads on for ever.
 */
export class PartitionReader extends DurableObject<Env> {
  readonly #partition: number;
  readonly #source: LogSource;
  readonly #follows: boolean;
  readonly #store: ReaderStore;
  readonly #batchIds: BatchIdMemory;
  readonly #definitions: ProjectDefinitions;
  /** Last offset that each window object holds; asked for when first needed. */
  readonly #applied = new Map<string, number>();
  readonly #progress = new ReadProgress();
  #loop: Promise<void> | undefined;
  #wakeAgain = false;
  #caughtUpMs = -1;
  #savedMs = 0;
  /** The cursor that the log was told in this life. */
  #toldOffset = 0;
  #saveDue = false;
  #endOffset: number;
  #retries = 0;
  #lastError = "";

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    const settings = settingsOf(env);
    this.#partition = Number(ctx.id.name);
    this.#follows = settings.kafka !== undefined;
    this.#source = openSource(env, this.#partition);
    this.#store = new ReaderStore(ctx.storage);
    this.#batchIds = new BatchIdMemory(settings.dedupWindowMs);
    this.#store.recall(this.#batchIds);
    this.#definitions = new ProjectDefinitions(env);
    this.#endOffset = this.#store.nextOffset;
  }

  /**
   * Makes sure that the reader reads.
   *
   * @returns the next offset to read: of the embedded log once its end was reached, of Kafka at once.
   */
  async wake(): Promise<number> {
    const loop = this.#start();
    if (this.#follows) await this.#beat();
    else await loop;
    return this.#store.nextOffset;
  }

  /** Makes sure that the reader reads and tells how it does, without waiting for it. */
  async kick(): Promise<ReaderStats> {
    void this.#start();
    if (this.#follows) await this.#beat();
    return this.stats();
  }

  /** When the reader last stood at the end of the log with all before it applied, epoch ms; -1: not yet. */
  async caughtUp(): Promise<number> {
    await this.wake();
    return this.#caughtUpMs;
  }

  /** Forgets a project's definitions: the next range is folded with those then in force. */
  forget(project: string): void {
    this.#definitions.forget(project);
  }

  stats(): ReaderStats {
    return {
      ...this.#store.counts,
      partition: this.#partition,
      nextOffset: this.#store.nextOffset,
      endOffset: this.#endOffset,
      retries: this.#retries,
      lastError: this.#lastError,
    };
  }

  /** What became of the record at `offset`. */
  readerAt(offset: number): Pick<ReaderStats, "nextOffset" | "lastError"> & { byMs?: number } {
    const byMs = this.#progress.passed(offset);
    const { nextOffset } = this.#store;
    return { nextOffset, lastError: this.#lastError, ...(byMs === undefined ? {} : { byMs }) };
  }

  override async alarm(): Promise<void> {
    await this.wake();
  }

  #start(): Promise<void> {
    this.#wakeAgain = true;
    if (this.#loop === undefined) {
      this.#loop = this.#run().finally(() => {
        this.#loop = undefined;
      });
      this.ctx.waitUntil(this.#loop);
    }
    return this.#loop;
  }

  async #beat(): Promise<void> {
    if ((await this.ctx.storage.getAlarm()) === null)
      await this.ctx.storage.setAlarm(Date.now() + HEARTBEAT_MS);
  }

  async #run(): Promise<void> {
    let waitMs = RETRY_LEAST_MS;
    for (;;) {
      try {
        await this.#gather();
        this.#wakeAgain = false;
        const atEnd = await this.#step();
        waitMs = RETRY_LEAST_MS;
        this.#lastError = "";
        if (atEnd && !this.#follows && !this.#wakeAgain) return;
      } catch (error) {
        this.#retries++;
        this.#lastError = error instanceof Error ? error.message : String(error);
        await scheduler.wait(waitMs);
        waitMs = Math.min(waitMs * 2, RETRY_MOST_MS);
      }
    }
  }

  /** Lets batches come together, unless the end was not reached or that is a while ago. */
  async #gather(): Promise<void> {
    const sinceMs = Date.now() - this.#caughtUpMs;
    if (sinceMs >= 0 && sinceMs < RANGE_EVERY_MS) await scheduler.wait(RANGE_EVERY_MS - sinceMs);
  }

  /** One range: read, folded, applied. True when the end of the log was reached. */
  async #step(): Promise<boolean> {
    const readingMs = Date.now();
    const from = this.#store.nextOffset;
    const slice = await this.#source.read(from, MAX_READ_BYTES, this.#follows ? FOLLOW_WAIT_MS : 0);
    this.#endOffset = slice.endOffset;
    if (slice.endOffset < from) {
      throw new LogUnavailableError(
        `partition ${this.#partition} ends at offset ${slice.endOffset}, but was read up to ${from}: its topic was made anew`,
      );
    }
    if (slice.nextOffset > from) this.#complete(from, slice, await this.#apply(from, slice));
    const atEnd = this.#store.nextOffset >= slice.endOffset;
    if (atEnd) this.#caughtUpMs = readingMs;
    await this.#saveWhenDue();
    return atEnd;
  }

  /** Folds a slice and has every window object take its part, again until each of them has. */
  async #apply(from: number, slice: LogSlice): Promise<FoldedRange> {
    const to = slice.nextOffset - 1;
    for (;;) {
      const range = await this.#fold(slice.records, from, to);
      const taken = await Promise.all(
        Array.from(range.partials, async ([name, partial]) => {
          this.#applied.delete(name);
          const applied = await this.env.METRIC_WINDOW.getByName(name).apply(JSON.stringify(partial));
          this.#applied.set(name, applied);
          if (applied !== to) this.#definitions.forget(projectOf(name));
          return applied === to;
        }),
      );
      if (taken.every(Boolean)) return range;
    }
  }

  async #fold(records: StoredRecord[], from: number, to: number): Promise<FoldedRange> {
    const targets = new Map<string, FoldTarget>();
    for (const { headers } of records) {
      if (!targets.has(headers.project)) targets.set(headers.project, await this.#target(headers.project));
    }
    return foldRange(foldable(records), {
      partition: this.#partition,
      from,
      to,
      targetOf: (project) => targets.get(project) ?? NOBODY,
      batchIds: this.#batchIds,
    });
  }

  async #target(project: string): Promise<FoldTarget> {
    if (project === "") return NOBODY;
    const { version, objects } = await this.#definitions.inForce(project);
    const known = objects.map(async (object): Promise<FoldObject> => {
      return { ...object, applied: await this.#appliedBy(object.name) };
    });
    return { version, objects: await Promise.all(known) };
  }

  async #appliedBy(object: string): Promise<number> {
    let applied = this.#applied.get(object);
    if (applied === undefined) {
      applied = await this.env.METRIC_WINDOW.getByName(object).appliedOffset(this.#partition);
      this.#applied.set(object, applied);
    }
    return applied;
  }

  #complete(from: number, slice: LogSlice, range: FoldedRange): void {
    const first = slice.records[0]?.offset ?? slice.nextOffset;
    const receivedMs = Math.min(range.receivedAtMs, Date.now());
    this.#store.complete(slice.nextOffset, range.batches, receivedMs, {
      ...range,
      lostOffsets: first - from,
    });
    for (const batch of range.batches) this.#batchIds.remember(batch, receivedMs);
    this.#progress.note(slice.nextOffset, Date.now());
  }

  async #saveWhenDue(): Promise<void> {
    if (this.#toldOffset === this.#store.nextOffset) return;
    const waitMs = this.#savedMs + SAVE_EVERY_MS - Date.now();
    if (waitMs <= 0) await this.#save();
    else if (!this.#saveDue) {
      this.#saveDue = true;
      setTimeout(() => {
        this.#saveDue = false;
        this.ctx.waitUntil(this.#save().catch(() => undefined));
      }, waitMs);
    }
  }

  async #save(): Promise<void> {
    this.#savedMs = Date.now();
    if (this.#store.savedOffset < this.#store.nextOffset) this.#store.save(this.#batchIds.oldestMs);
    const { savedOffset } = this.#store;
    await this.#source.commit(savedOffset);
    this.#toldOffset = savedOffset;
  }
}
