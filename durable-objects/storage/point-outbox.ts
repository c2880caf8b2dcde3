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
  /** Points that a full disk took before they were archived. */
  dropped: number;
  /** Batches that were repeated after a failure. */
  retries: number;
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
  /** Points that wait in rows before {@link #countedTo}: counting all at each turn would read every row. */
  #counted = 0;
  #countedTo: number;

  constructor(storage: DurableObjectStorage, points: PointStore, nowMs: number) {
    this.#sql = storage.sql;
    this.#points = points;
    this.#sql.exec(SCHEMA);
    const saved = this.#sql.exec<{ body: string }>("SELECT body FROM point_outbox").toArray()[0];
    this.#state =
      saved === undefined
        ? { archivedTo: 0, archivedMs: nowMs, dropped: 0, retries: 0 }
        : (JSON.parse(saved.body) as OutboxState);
    this.#countedTo = this.#state.archivedTo + 1;
  }

  /** Points that wait. */
  get waitingPoints(): number {
    const { nextId } = this.#points;
    if (this.#countedTo < nextId) {
      this.#counted += this.#pointsBetween(this.#countedTo, nextId - 1);
      this.#countedTo = nextId;
    }
    return this.#counted;
  }

  get dropped(): number {
    return this.#state.dropped;
  }

  get retries(): number {
    return this.#state.retries;
  }

  /** Rows before this id are archived, or not for the archive. */
  get passedRow(): number {
    return this.waitingPoints === 0 ? Number.MAX_SAFE_INTEGER : this.#state.archivedTo + 1;
  }

  /** When there is something to archive, epoch ms. */
  dueMs(everyMs: number): number {
    const { begun, archivedMs } = this.#state;
    if (begun !== undefined || this.waitingPoints >= MOST_WAITING) return 0;
    return this.waitingPoints === 0 ? Number.POSITIVE_INFINITY : archivedMs + everyMs;
  }

  /** The rows to archive next; undefined: there are none. */
  begin(): { from: number; to: number; rows: PointRow[] } | undefined {
    const { archivedTo, begun } = this.#state;
    const rows = this.#points.rowsForArchive(archivedTo + 1, begun?.to, BATCH_CHARACTERS);
    const range =
      begun ?? (rows.length === 0 ? undefined : { from: rows[0]?.id ?? 0, to: rows.at(-1)?.id ?? 0 });
    if (range === undefined) {
      // What was counted has gone with its metric.
      this.#recount(this.#points.nextId);
      return undefined;
    }
    if (begun === undefined) this.#save({ ...this.#state, begun: range });
    return { ...range, rows };
  }

  /** Rows up to this are archived. */
  done(archivedTo: number, nowMs: number): void {
    const { begun: _, ...state } = this.#state;
    const last = Math.max(archivedTo, state.archivedTo);
    this.#save({ ...state, archivedTo: last, archivedMs: nowMs });
    this.#recount(last + 1);
  }

  /** Archiving has failed, and is to be tried again. */
  retry(): void {
    this.#save({ ...this.#state, retries: this.#state.retries + 1 });
  }

  /** Rows are about to be deleted: what of them waits will not be archived. */
  losing(condition: string, parameter: number): void {
    const { archivedTo, dropped } = this.#state;
    const lost = this.#pointsWhere(`id > ? AND ${condition}`, archivedTo, parameter);
    if (lost === 0) return;
    this.#save({ ...this.#state, dropped: dropped + lost });
    this.#recount(archivedTo + 1);
  }

  #recount(from: number): void {
    this.#counted = 0;
    this.#countedTo = from;
  }

  #pointsBetween(from: number, to: number): number {
    return this.#pointsWhere("id >= ? AND id <= ?", from, to);
  }

  #pointsWhere(condition: string, ...parameters: number[]): number {
    const query = `SELECT coalesce(sum(points), 0) AS points FROM points WHERE cold = 1 AND ${condition}`;
    return this.#sql.exec<{ points: number }>(query, ...parameters).one().points;
  }

  #save(state: OutboxState): void {
    this.#state = state;
    this.#sql.exec("INSERT OR REPLACE INTO point_outbox VALUES (1, ?)", JSON.stringify(state));
  }
}
