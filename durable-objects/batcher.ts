import { DurableObject } from "cloudflare:workers";
import type { RejectedExample } from "../protocol/observe.ts";
import { catalogOf, type Env } from "./env.ts";
import { type LogAppender, type LogRecord, RECORD_SCHEMA_VERSION } from "./log/event-log.ts";
import { BATCHER_POLICY, shouldFlush } from "./log/flush-policy.ts";
import { openAppender } from "./log/open-log.ts";
import { IngestNotes, type ProjectNotes } from "./observe/ingest-notes.ts";

/** A batch as the edge hands it over: NDJSON, in parts that each fit a record. */
export interface IncomingBatch {
  project: string;
  batchId: string;
  receivedAtMs: number;
  parts: { count: number; value: Uint8Array }[];
}

/** What became of a batch. `unavailable`: it may or may not be in the log; the same batch id is safe to repeat. */
export type BatchOutcome =
  | { status: "stored"; duplicate: boolean }
  | { status: "unavailable"; message: string; retryAfterMs: number };

/** Counters of one batcher, for `/metrics`: stored every few seconds, so a crash loses the last of them. */
export interface BatcherStats {
  name: string;
  acceptedEvents: number;
  acceptedBatches: number;
  duplicateBatches: number;
  unavailableBatches: number;
  waitingBytes: number;
  rejectedEvents: Record<string, number>;
}

interface Waiting {
  id: string;
  records: LogRecord[];
  events: number;
  bytes: number;
  sinceMs: number;
  settle: (outcome: BatchOutcome) => void;
}

/** Bytes that may wait before further batches are refused: an isolate has 128 MB for all its objects. */
const MAX_WAITING_BYTES = 24 * 1024 * 1024;
/** Batch ids remembered to answer a repeat without writing it again. The reader's memory is what counts. */
const REMEMBERED_IDS = 50_000;
const RETRY_AFTER_MS = 2_000;
const STORE_STATS_EVERY_MS = 5_000;
/** Parts the batch id from the number of a further part; a batch id holds no control character. */
const PART_SEPARATOR = "\u001f";

/**
 * Gathers the batches of one region for one partition (its name is `region/partition`) and appends them to the log,
 * many in one write. Holds each answer until its batch is durable, so it keeps nothing on disk itself.
 */
export class Batcher extends DurableObject<Env> {
  readonly #partition: number;
  readonly #appender: LogAppender;
  readonly #acknowledged = new Set<string>();
  readonly #inFlight = new Map<string, Promise<BatchOutcome>>();
  #waiting: Waiting[] = [];
  #waitingBytes = 0;
  #appending = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #storeDue = false;
  #notesChanged = false;
  readonly #stats: BatcherStats;
  readonly #notes: IngestNotes;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    const name = ctx.id.name ?? "";
    this.#partition = Number(name.slice(name.lastIndexOf("/") + 1));
    this.#appender = openAppender(env);
    this.#stats = ctx.storage.kv.get<BatcherStats>("stats") ?? {
      name,
      acceptedEvents: 0,
      acceptedBatches: 0,
      duplicateBatches: 0,
      unavailableBatches: 0,
      waitingBytes: 0,
      rejectedEvents: {},
    };
    this.#notes = new IngestNotes(ctx.storage.kv.get<[string, ProjectNotes][]>("notes"));
    void ctx.blockConcurrencyWhile(() => this.#register(name));
  }

  /**
   * Takes a batch and answers when it is durable, or cannot be told to be.
   *
   * @param rejected events of the same request that were refused, by reason: counted here.
   * @param examples some of them.
   */
  async submit(
    batch: IncomingBatch,
    rejected: Record<string, number>,
    examples: RejectedExample[] = [],
  ): Promise<BatchOutcome> {
    this.countRejected(rejected, batch.project, examples);
    const id = `${batch.project}\0${batch.batchId}`;
    if (this.#acknowledged.has(id)) return this.#duplicate(batch.project);
    const same = this.#inFlight.get(id);
    if (same !== undefined) {
      const outcome = await same;
      return outcome.status === "stored" ? this.#duplicate(batch.project) : outcome;
    }
    const outcome = this.#enqueue(id, batch);
    this.#inFlight.set(id, outcome);
    try {
      return await outcome;
    } finally {
      this.#inFlight.delete(id);
    }
  }

  /** Counts refused events of requests that held no valid one. */
  countRejected(rejected: Record<string, number>, project: string, examples: RejectedExample[]): void {
    const counts = this.#stats.rejectedEvents;
    for (const [reason, events] of Object.entries(rejected)) counts[reason] = (counts[reason] ?? 0) + events;
    this.noteRejected(project, rejected, examples);
    this.#storeStatsSoon();
  }

  /** Keeps in mind what a project was refused, for whoever asks. */
  noteRejected(project: string, rejected: Record<string, number>, examples: RejectedExample[]): void {
    if (Object.keys(rejected).length === 0) return;
    this.#notes.rejected(project, rejected, examples, Date.now());
    this.#notesChanged = true;
    this.#storeStatsSoon();
  }

  /** What this batcher knows of a project's refused events and repeated batches; null: nothing. */
  notesOf(project: string): ProjectNotes | null {
    return this.#notes.notesOf(project) ?? null;
  }

  stats(): BatcherStats {
    return { ...this.#stats, waitingBytes: this.#waitingBytes };
  }

  #duplicate(project: string): BatchOutcome {
    this.#stats.duplicateBatches++;
    this.#notes.repeated(project, Date.now());
    this.#notesChanged = true;
    return { status: "stored", duplicate: true };
  }

  #enqueue(id: string, batch: IncomingBatch): Promise<BatchOutcome> {
    const bytes = batch.parts.reduce((sum, part) => sum + part.value.length, 0);
    if (this.#waitingBytes + bytes > MAX_WAITING_BYTES) {
      return Promise.resolve(
        this.#unavailable(
          `${this.#waitingBytes} bytes wait for the event log; the bound is ${MAX_WAITING_BYTES}`,
        ),
      );
    }
    const { promise, resolve } = Promise.withResolvers<BatchOutcome>();
    this.#waiting.push({
      id,
      records: recordsOf(batch),
      events: batch.parts.reduce((sum, part) => sum + part.count, 0),
      bytes,
      sinceMs: Date.now(),
      settle: resolve,
    });
    this.#waitingBytes += bytes;
    this.#schedule();
    return promise;
  }

  #schedule(): void {
    const [oldest] = this.#waiting;
    if (this.#appending || oldest === undefined) return;
    const queuedBytes = this.#waiting.reduce((sum, waiting) => sum + waiting.bytes, 0);
    if (shouldFlush(BATCHER_POLICY, this.#waiting.length, queuedBytes, oldest.sinceMs, Date.now())) {
      clearTimeout((this.#timer as number | undefined) ?? null);
      this.#timer = undefined;
      this.ctx.waitUntil(this.#flush());
    } else {
      this.#timer ??= setTimeout(() => {
        this.#timer = undefined;
        this.ctx.waitUntil(this.#flush());
      }, BATCHER_POLICY.lingerMs);
    }
  }

  async #flush(): Promise<void> {
    if (this.#appending || this.#waiting.length === 0) return;
    this.#appending = true;
    const going = this.#takeFlush();
    try {
      await this.#appender.append(
        this.#partition,
        going.flatMap(({ records }) => records),
      );
      for (const waiting of going) waiting.settle(this.#stored(waiting));
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      for (const waiting of going) waiting.settle(this.#unavailable(message));
    } finally {
      this.#appending = false;
      for (const { bytes } of going) this.#waitingBytes -= bytes;
      this.#schedule();
    }
  }

  #takeFlush(): Waiting[] {
    let bytes = 0;
    let count = 0;
    for (const waiting of this.#waiting) {
      if (count > 0 && (bytes + waiting.bytes > BATCHER_POLICY.maxBytes || count >= BATCHER_POLICY.maxCount))
        break;
      bytes += waiting.bytes;
      count++;
    }
    return this.#waiting.splice(0, count);
  }

  #stored({ id, events }: Waiting): BatchOutcome {
    this.#stats.acceptedEvents += events;
    this.#stats.acceptedBatches++;
    this.#acknowledged.add(id);
    if (this.#acknowledged.size > REMEMBERED_IDS) {
      for (const oldest of this.#acknowledged) {
        this.#acknowledged.delete(oldest);
        break;
      }
    }
    return { status: "stored", duplicate: false };
  }

  #unavailable(message: string): BatchOutcome {
    this.#stats.unavailableBatches++;
    return { status: "unavailable", message, retryAfterMs: RETRY_AFTER_MS };
  }

  #storeStatsSoon(): void {
    if (this.#storeDue) return;
    this.#storeDue = true;
    setTimeout(() => {
      this.#storeDue = false;
      this.ctx.storage.kv.put("stats", this.#stats);
      if (this.#notesChanged) this.ctx.storage.kv.put("notes", this.#notes.encode());
      this.#notesChanged = false;
    }, STORE_STATS_EVERY_MS);
  }

  /** The catalog lists every batcher there is, so that `/metrics` finds them. */
  async #register(name: string): Promise<void> {
    if (this.ctx.storage.kv.get("registered") === true) return;
    try {
      await catalogOf(this.env).registerBatcher(name);
      this.ctx.storage.kv.put("registered", true);
    } catch {
      // Only its numbers would be missing: its next life tries again.
    }
  }
}

function recordsOf({ project, batchId, receivedAtMs, parts }: IncomingBatch): LogRecord[] {
  return parts.map(({ count, value }, part) => ({
    key: part === 0 ? batchId : `${batchId}${PART_SEPARATOR}${part}`,
    headers: { project, count, receivedAtMs, schemaVersion: RECORD_SCHEMA_VERSION },
    value,
  }));
}
