import type { Definitions } from "../catalog.ts";
import { type BatchIdMemory, decodeHashes, encodeHashes, type Hash } from "../engine/batch-id-memory.ts";

/**
 * `state` is one row: the next offset to read, and the range on its way to the windows, if any. `batch_ids` holds
 * the batches of each range, 8 bytes each. `definitions` holds what the range on its way was folded with.
 */
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS state (id INTEGER PRIMARY KEY CHECK (id = 1), body TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS batch_ids (
    from_offset INTEGER PRIMARY KEY, received_ms INTEGER NOT NULL, hashes BLOB NOT NULL
  );
  CREATE TABLE IF NOT EXISTS definitions (project TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
`;

/** A range that was announced: after a crash exactly this range is read, folded and sent again. */
export interface Intent {
  from: number;
  to: number;
}

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
  intent: Intent | null;
  counts: ReaderCounts;
}

const NO_COUNTS: ReaderCounts = {
  events: 0,
  duplicateBatches: 0,
  duplicateEvents: 0,
  malformedEvents: 0,
  lostOffsets: 0,
};

/** What a partition reader keeps on disk: its cursor, its announcement, its memory of batches. */
export class ReaderStore {
  readonly #storage: DurableObjectStorage;
  readonly #storedVersions = new Map<string, number>();
  #state: ReaderState = { nextOffset: 0, intent: null, counts: NO_COUNTS };

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
    storage.sql.exec(SCHEMA);
    const row = storage.sql.exec<{ body: string }>("SELECT body FROM state").toArray()[0];
    if (row !== undefined) this.#state = JSON.parse(row.body) as ReaderState;
  }

  get nextOffset(): number {
    return this.#state.nextOffset;
  }

  get intent(): Intent | null {
    return this.#state.intent;
  }

  get counts(): ReaderCounts {
    return this.#state.counts;
  }

  /** Announces a range, with the definitions that it is about to be folded with. */
  announce(intent: Intent, definitions: ReadonlyMap<string, Definitions>): void {
    this.#storage.transactionSync(() => {
      for (const [project, { version, metrics }] of definitions) {
        if (this.#storedVersions.get(project) === version) continue;
        const body = JSON.stringify({ version, metrics });
        this.#storage.sql.exec("INSERT OR REPLACE INTO definitions VALUES (?, ?)", project, body);
        this.#storedVersions.set(project, version);
      }
      this.#save({ ...this.#state, intent });
    });
  }

  /** A project's definitions as of the last announcement that concerned it. */
  definitions(project: string): Definitions | undefined {
    const rows = this.#storage.sql.exec<{ body: string }>(
      "SELECT body FROM definitions WHERE project = ?",
      project,
    );
    const body = rows.toArray()[0]?.body;
    return body === undefined ? undefined : (JSON.parse(body) as Definitions);
  }

  /** The range is applied: its batches, the cursor and the end of the announcement are one transaction. */
  complete(
    nextOffset: number,
    batches: readonly Hash[],
    receivedAtMs: number,
    counted: Partial<ReaderCounts>,
  ): void {
    const counts = { ...this.#state.counts };
    for (const name of Object.keys(NO_COUNTS) as (keyof ReaderCounts)[]) counts[name] += counted[name] ?? 0;
    this.#storage.transactionSync(() => {
      if (batches.length > 0) {
        const bytes = encodeHashes(batches);
        this.#storage.sql.exec(
          "INSERT OR REPLACE INTO batch_ids VALUES (?, ?, ?)",
          nextOffset,
          receivedAtMs,
          bytes,
        );
      }
      this.#save({ nextOffset, intent: null, counts });
    });
  }

  /** Fills `memory` with the batches that are still remembered. */
  recall(memory: BatchIdMemory): void {
    const rows = this.#storage.sql.exec<{ received_ms: number; hashes: ArrayBuffer }>(
      "SELECT received_ms, hashes FROM batch_ids ORDER BY from_offset",
    );
    for (const { received_ms, hashes } of rows) {
      for (const hash of decodeHashes(hashes)) memory.remember(hash, received_ms);
    }
  }

  /** Drops batches received before `oldestMs`. */
  forgetBatches(oldestMs: number): void {
    this.#storage.sql.exec("DELETE FROM batch_ids WHERE received_ms < ?", oldestMs);
  }

  #save(state: ReaderState): void {
    this.#state = state;
    this.#storage.sql.exec("INSERT OR REPLACE INTO state VALUES (1, ?)", JSON.stringify(state));
  }
}
