import type { EndSpan } from "./point-ledger.ts";
import type { PointRow } from "./point-rows.ts";
import type { PointStore } from "./point-store.ts";

/**
 * `point_outbox` says what of the rows of `points` is archived, and what is on its way. `recomputed_notes` are spans that
 * were computed anew, until the archive knows: with the row `last_row`, which is the last of the new ones.
 */
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS point_outbox (id INTEGER PRIMARY KEY CHECK (id = 1), body TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS recomputed_notes (
    before_row INTEGER NOT NULL, last_row INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (before_row, body)
  ) WITHOUT ROWID;
`;

/** Points of a metric in `(afterMs, untilMs]` that came from rows before `before` do not count any more. */
export interface RecomputedNote {
  metric: string;
  revision: number;
  afterMs: number;
  untilMs: number;
  before: number;
}

/** What is archived at once: rows, and what does not count any more once they are. */
export interface OutboxRows {
  from: number;
  to: number;
  rows: PointRow[];
  recomputed: RecomputedNote[];
}

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
/** With so many waiting there is no room for points that were computed anew. */
const MOST_BEFORE_RECOMPUTED = 200_000;
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
    const { nextId } = this.#points.rows;
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

  /** Whether so many points wait that no others should be brought. */
  get isFull(): boolean {
    return this.waitingPoints >= MOST_BEFORE_RECOMPUTED;
  }

  /** When there is something to archive, epoch ms. */
  dueMs(everyMs: number): number {
    const { begun, archivedMs } = this.#state;
    if (begun !== undefined || this.waitingPoints >= MOST_WAITING) return 0;
    const isNone = this.waitingPoints === 0 && this.#notes(Number.MAX_SAFE_INTEGER).length === 0;
    return isNone ? Number.POSITIVE_INFINITY : archivedMs + everyMs;
  }

  /** Part of a transaction with the rows `before` to `last`, which take the place of what was there. */
  note(note: RecomputedNote, last: number): void {
    this.#sql.exec(
      "INSERT OR REPLACE INTO recomputed_notes VALUES (?, ?, ?)",
      note.before,
      last,
      JSON.stringify(note),
    );
  }

  /** Spans of a metric that were computed anew, and the archive does not know yet. */
  untold(metric: string): EndSpan[] {
    const notes = this.#notes(Number.MAX_SAFE_INTEGER).filter((note) => note.metric === metric);
    return notes.map(({ afterMs, untilMs }) => [afterMs, untilMs]);
  }

  /** The rows to archive next; undefined: there are none. */
  begin(): OutboxRows | undefined {
    const { archivedTo, begun } = this.#state;
    const rows = this.#points.rows.rowsForArchive(archivedTo + 1, begun?.to, BATCH_CHARACTERS);
    const range =
      begun ?? (rows.length === 0 ? undefined : { from: rows[0]?.id ?? 0, to: rows.at(-1)?.id ?? 0 });
    if (range !== undefined) {
      if (begun === undefined) this.#save({ ...this.#state, begun: range });
      return { ...range, rows, recomputed: this.#notes(range.to) };
    }
    // What was counted has gone with its metric.
    this.#recount(this.#points.rows.nextId);
    // Where nothing took the place of what was there, no row brings the word.
    const recomputed = this.#notes(Number.MAX_SAFE_INTEGER);
    return recomputed.length === 0 ? undefined : { from: archivedTo, to: archivedTo, rows: [], recomputed };
  }

  /** Rows up to this are archived, and the archive knows what does not count any more. */
  done(archivedTo: number, recomputed: readonly RecomputedNote[], nowMs: number): void {
    for (const note of recomputed) {
      const body = JSON.stringify(note);
      this.#sql.exec("DELETE FROM recomputed_notes WHERE before_row = ? AND body = ?", note.before, body);
    }
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

  /** Spans whose new points are all archived with row `to`. */
  #notes(to: number): RecomputedNote[] {
    const rows = this.#sql.exec<{ body: string }>(
      "SELECT body FROM recomputed_notes WHERE last_row <= ? ORDER BY before_row",
      to,
    );
    return Array.from(rows, ({ body }) => JSON.parse(body) as RecomputedNote);
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
