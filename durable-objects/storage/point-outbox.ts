import type { PointRow, PointStore } from "./point-store.ts";

/** `point_outbox` says what of the rows of `points` is archived, and what is on its way. */
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS point_outbox (id INTEGER PRIMARY KEY CHECK (id = 1), body TEXT NOT NULL);
`;

interface OutboxState {
  /** The last row that is archived. */
  archivedTo: number;
  /** When rows were archived last, epoch ms. */
  archivedMs: number;
  /** Rows that were begun to be archived: after a crash just these are, so that they come into the same files. */
  begun?: { from: number; to: number };
}

/** So many points do not wait for their time. */
const MOST_WAITING = 50_000;
/** Characters of one batch: what archiving takes of memory is some times as much. */
const BATCH_CHARACTERS = 4_000_000;

/** Rows of sealed points on their way to the archive. */
export class PointOutbox {
  readonly #sql: SqlStorage;
  readonly #points: PointStore;
  #state: OutboxState;

  constructor(storage: DurableObjectStorage, points: PointStore, nowMs: number) {
    this.#sql = storage.sql;
    this.#points = points;
    this.#sql.exec(SCHEMA);
    const saved = this.#sql.exec<{ body: string }>("SELECT body FROM point_outbox").toArray()[0];
    this.#state =
      saved === undefined ? { archivedTo: 0, archivedMs: nowMs } : (JSON.parse(saved.body) as OutboxState);
  }

  /** Rows before this id are archived, or not for the archive. */
  get passedRow(): number {
    return this.#waiting(1) === 0 ? Number.MAX_SAFE_INTEGER : this.#state.archivedTo + 1;
  }

  /** When there is something to archive, epoch ms. */
  dueMs(everyMs: number): number {
    const waiting = this.#waiting(MOST_WAITING);
    if (waiting === 0) return Number.POSITIVE_INFINITY;
    return waiting >= MOST_WAITING || this.#state.begun !== undefined ? 0 : this.#state.archivedMs + everyMs;
  }

  /** The rows to archive next; undefined: there are none. */
  begin(): { from: number; to: number; rows: PointRow[] } | undefined {
    const { archivedTo, begun } = this.#state;
    const rows = this.#points.rowsForArchive(archivedTo + 1, begun?.to, BATCH_CHARACTERS);
    const range =
      begun ?? (rows.length === 0 ? undefined : { from: rows[0]?.id ?? 0, to: rows.at(-1)?.id ?? 0 });
    if (range === undefined) return undefined;
    if (begun === undefined) this.#save({ ...this.#state, begun: range });
    return { ...range, rows };
  }

  /** Rows up to this are archived. */
  done(archivedTo: number, nowMs: number): void {
    this.#save({ archivedTo: Math.max(archivedTo, this.#state.archivedTo), archivedMs: nowMs });
  }

  /** Points that wait, or `most` if there are more. */
  #waiting(most: number): number {
    const rows = this.#sql.exec<{ points: number }>(
      "SELECT points FROM points WHERE id > ? AND cold = 1 ORDER BY id",
      this.#state.archivedTo,
    );
    let waiting = 0;
    for (const { points } of rows) {
      waiting += points;
      if (waiting >= most) return most;
    }
    return waiting;
  }

  #save(state: OutboxState): void {
    this.#state = state;
    this.#sql.exec("INSERT OR REPLACE INTO point_outbox VALUES (1, ?)", JSON.stringify(state));
  }
}
