import { DurableObject } from "cloudflare:workers";
import { BatchIdMemory } from "./engine/batch-id-memory.ts";
import { foldRange, type FoldedRange, type FoldedRecord } from "./engine/range-fold.ts";
import { type Env, settingsOf } from "./env.ts";
import { type LogSlice, type LogSource, LogUnavailableError, type StoredRecord } from "./log/event-log.ts";
import { openSource } from "./log/open-log.ts";
import { compileDefinitions, type CompiledDefinitions, ProjectDefinitions } from "./project-definitions.ts";
import { type Intent, type ReaderCounts, ReaderStore } from "./storage/reader-store.ts";

/** How a reader does, for `/metrics` and `/healthz`. `retries` begins at 0 with each life of the object. */
export interface ReaderStats extends ReaderCounts {
  partition: number;
  nextOffset: number;
  endOffset: number;
  retries: number;
  lastError: string;
}

const MAX_READ_BYTES = 1024 * 1024;
/** How long a read of a log that is followed waits for news: also how often a reader's word is renewed. */
const FOLLOW_WAIT_MS = 500;
const COMMIT_EVERY_MS = 1_000;
const RETRY_LEAST_MS = 100;
const RETRY_MOST_MS = 5_000;
/** Re-creates the loop, should the object have been evicted with its socket open. */
const HEARTBEAT_MS = 30_000;

/**
 * Reads one partition (its name is the number), folds ranges into partial aggregates and sends them to the windows
 * of each project: exactly once, by offset range. The embedded log wakes it; of Kafka it reads on for ever.
 */
export class PartitionReader extends DurableObject<Env> {
  readonly #partition: number;
  readonly #source: LogSource;
  readonly #follows: boolean;
  readonly #store: ReaderStore;
  readonly #batchIds: BatchIdMemory;
  readonly #definitions: ProjectDefinitions;
  #loop: Promise<void> | undefined;
  #wakeAgain = false;
  #caughtUpMs = -1;
  #committedMs = 0;
  #committedOffset = -1;
  #endOffset: number;
  #retries = 0;
  #lastError = "";
  #lostOffsets = 0;

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

  /** One range: read, announced, folded, sent, done. True when the end of the log was reached. */
  async #step(): Promise<boolean> {
    const { intent } = this.#store;
    const readingMs = Date.now();
    const slice = intent === null ? await this.#read() : await this.#readExactly(intent);
    this.#endOffset = slice.endOffset;
    if (slice.records.length > 0) await this.#process(slice, intent);
    else if (slice.nextOffset > this.#store.nextOffset)
      this.#store.complete(slice.nextOffset, [], 0, { lostOffsets: this.#lostOffsets });
    const atEnd = this.#store.nextOffset >= slice.endOffset;
    if (atEnd) this.#caughtUpMs = readingMs;
    await this.#commit();
    return atEnd;
  }

  async #read(): Promise<LogSlice> {
    const from = this.#store.nextOffset;
    const slice = await this.#source.read(from, MAX_READ_BYTES, this.#follows ? FOLLOW_WAIT_MS : 0);
    const first = slice.records[0]?.offset ?? slice.nextOffset;
    this.#lostOffsets = Math.max(0, first - from);
    return slice;
  }

  /** The announced range once more, cut where it was cut. */
  async #readExactly({ from, to }: Intent): Promise<LogSlice> {
    const records: StoredRecord[] = [];
    let at = from;
    let endOffset = at;
    while (at <= to) {
      const slice = await this.#source.read(at, MAX_READ_BYTES, RETRY_MOST_MS);
      if (slice.nextOffset <= at) {
        throw new LogUnavailableError(
          `partition ${this.#partition} does not answer for the range ${from}-${to}`,
        );
      }
      for (const record of slice.records) if (record.offset <= to) records.push(record);
      at = slice.nextOffset;
      endOffset = slice.endOffset;
    }
    return { records, nextOffset: to + 1, endOffset };
  }

  async #process(slice: LogSlice, announced: Intent | null): Promise<void> {
    const intent = announced ?? { from: this.#store.nextOffset, to: slice.nextOffset - 1 };
    const definitions = await this.#definitionsFor(slice.records, announced !== null);
    if (announced === null) this.#store.announce(intent, definitions);
    const range = foldRange(foldable(slice.records), {
      partition: this.#partition,
      ...intent,
      definitionsOf: (project) => {
        const { version, compiled } = definitions.get(project) ?? { version: 0, compiled: [] };
        return { version, metrics: compiled };
      },
      batchIds: this.#batchIds,
    });
    await Promise.all(
      Array.from(range.partials, ([project, partial]) =>
        this.env.METRIC_WINDOW.getByName(project).apply(JSON.stringify(partial)),
      ),
    );
    this.#complete(intent, range);
  }

  /** Those in force for a new range; for an announced one, those that it was announced with. */
  async #definitionsFor(
    records: StoredRecord[],
    announced: boolean,
  ): Promise<Map<string, CompiledDefinitions>> {
    const definitions = new Map<string, CompiledDefinitions>();
    for (const { headers } of records) {
      if (definitions.has(headers.project) || headers.project === "") continue;
      const stored = announced ? this.#store.definitions(headers.project) : undefined;
      const known = stored && compileDefinitions(stored);
      definitions.set(headers.project, known ?? (await this.#definitions.inForce(headers.project)));
    }
    return definitions;
  }

  #complete({ to }: Intent, range: FoldedRange): void {
    const receivedAtMs = Math.min(range.receivedAtMs, Date.now());
    this.#store.complete(to + 1, range.batches, receivedAtMs, { ...range, lostOffsets: this.#lostOffsets });
    for (const batch of range.batches) this.#batchIds.remember(batch, receivedAtMs);
    this.#lostOffsets = 0;
  }

  async #commit(): Promise<void> {
    const { nextOffset } = this.#store;
    const nowMs = Date.now();
    if (nextOffset === this.#committedOffset || nowMs - this.#committedMs < COMMIT_EVERY_MS) return;
    await this.#source.commit(nextOffset);
    this.#committedMs = nowMs;
    this.#committedOffset = nextOffset;
    this.#store.forgetBatches(this.#batchIds.oldestMs);
  }
}

function* foldable(records: Iterable<StoredRecord>): Generator<FoldedRecord> {
  const decoder = new TextDecoder();
  for (const { key, headers, value } of records) {
    const { project, count, receivedAtMs } = headers;
    yield { key, project, count, receivedAtMs, text: decoder.decode(value) };
  }
}
