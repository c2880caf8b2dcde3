import { type BatchIdMemory, decodeHashes, encodeHashes, type Hash } from "../engine/batch-id-memory.ts";

/** `state` is one row. `batch_ids` holds the batches of each stretch of the log, 8 bytes each. */
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS state (id INTEGER PRIMARY KEY CHECK (id = 1), body TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS batch_ids (
    next_offset INTEGER PRIMARY KEY, received_ms INTEGER NOT NULL, hashes BLOB NOT NULL
  );
`;

/** What a reader has counted in all its lives. */
export interface ReaderCounts {
  events: number;
  duplicateBatches: number;
  duplicateEvents: number;
  malformedEvents: number;
  /** Offsets that the log no longer held when they were wanted. */
  lostOffsets: number;
}

interface ReaderState {
  nextOffset: number;
  counts: ReaderCounts;
}

/**
 * What a partition reader keeps on disk: a cursor, counts, and the memory of batches, all as of the same offset.
 * It may lie behind what was applied: the windows know what they hold, so that reading again is only work.
 * That is why it is saved now and then instead of with every range.
 */
export class ReaderStore {
  readonly #storage: DurableObjectStorage;
  #unsaved: Hash[] = [];
  #receivedMs = 0;
  #savedOffset: number;
  #state: ReaderState = {
    nextOffset: 0,
    counts: { events: 0, duplicateBatches: 0, duplicateEvents: 0, malformedEvents: 0, lostOffsets: 0 },
  };

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
    storage.sql.exec(SCHEMA);
    const row = storage.sql.exec<{ body: string }>("SELECT body FROM state").toArray()[0];
    if (row !== undefined) this.#state = JSON.parse(row.body) as ReaderState;
    this.#savedOffset = this.#state.nextOffset;
  }

  get nextOffset(): number {
    return this.#state.nextOffset;
  }

  /** The cursor on disk: where the next life of the reader begins. */
  get savedOffset(): number {
    return this.#savedOffset;
  }

  get counts(): ReaderCounts {
    return this.#state.counts;
  }

  /** Moves on past an applied range, in memory. */
  complete(nextOffset: number, batches: readonly Hash[], receivedMs: number, counted: ReaderCounts): void {
    const { counts } = this.#state;
    this.#state = {
      nextOffset,
      counts: {
        events: counts.events + counted.events,
        duplicateBatches: counts.duplicateBatches + counted.duplicateBatches,
        duplicateEvents: counts.duplicateEvents + counted.duplicateEvents,
        malformedEvents: counts.malformedEvents + counted.malformedEvents,
        lostOffsets: counts.lostOffsets + counted.lostOffsets,
      },
    };
    for (const batch of batches) this.#unsaved.push(batch);
    this.#receivedMs = Math.max(this.#receivedMs, receivedMs);
  }

  /** Saves it all, and drops batches received before `forgetBeforeMs`. */
  save(forgetBeforeMs: number): void {
    const { sql } = this.#storage;
    this.#storage.transactionSync(() => {
      if (this.#unsaved.length > 0) {
        const hashes = encodeHashes(this.#unsaved);
        sql.exec(
          "INSERT OR REPLACE INTO batch_ids VALUES (?, ?, ?)",
          this.nextOffset,
          this.#receivedMs,
          hashes,
        );
      }
      sql.exec("INSERT OR REPLACE INTO state VALUES (1, ?)", JSON.stringify(this.#state));
      sql.exec("DELETE FROM batch_ids WHERE received_ms < ?", forgetBeforeMs);
    });
    this.#unsaved = [];
    this.#receivedMs = 0;
    this.#savedOffset = this.nextOffset;
  }

  /** Fills `memory` with the batches that are still remembered. */
  recall(memory: BatchIdMemory): void {
    const rows = this.#storage.sql.exec<{ received_ms: number; hashes: ArrayBuffer }>(
      "SELECT received_ms, hashes FROM batch_ids ORDER BY next_offset",
    );
    for (const { received_ms, hashes } of rows) {
      for (const hash of decodeHashes(hashes)) memory.remember(hash, received_ms);
    }
  }
}
