import { seriesName } from "../../protocol/prometheus-names.ts";
import type { DefinedMetric } from "../engine/compiled-metric.ts";
import type { SealedPoint } from "../engine/sealed-point.ts";
import type { PointStore } from "./point-store.ts";

/**
 * Sealed points on their way to the hot store are the rows for it of `points` behind a cursor. `hot_outbox` holds the
 * cursors and what is counted; `hot_floors`, up to which end a series has points of a metric that has ended.
 */
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS hot_outbox (id INTEGER PRIMARY KEY CHECK (id = 1), body TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS hot_floors (series TEXT PRIMARY KEY, end_ms INTEGER NOT NULL) WITHOUT ROWID;
`;

/** The next point: of which row, and which of that row's. */
export type Cursor = readonly [rowId: number, index: number];

/** What the outbox has counted, and where it stands. */
export interface OutboxState {
  /** What the store has not acknowledged begins here. */
  next: Cursor;
  /** What the store may still forget, should it crash, begins here. */
  unsettled: Cursor;
  /** Whatever is before this was acknowledged once. */
  acknowledged: Cursor;
  /** When the store last acknowledged something, epoch ms. */
  acknowledgedMs: number;
  /** Which life of the store that was, where it tells: its start. */
  life?: number;
  sentPoints: number;
  /** Requests repeated after a failure, by reason. */
  retries: Record<string, number>;
  /** Points that will not arrive, by reason. */
  dropped: Record<string, number>;
}

/** Some points to send, in the order of their sealing. */
export interface OutboxBatch {
  parts: { defined: DefinedMetric; points: SealedPoint[] }[];
  points: number;
  /** Points that it passes over, by reason. */
  dropped: Record<string, number>;
  /** The cursor once they are out. */
  next: Cursor;
}

export function isBefore([rowA, indexA]: Cursor, [rowB, indexB]: Cursor): boolean {
  return rowA < rowB || (rowA === rowB && indexA < indexB);
}

interface PointRow extends Record<string, SqlStorageValue> {
  id: number;
  metric: string;
  body: string;
}

/** The sealed points of one window object that the hot store does not have yet. */
export class HotOutbox {
  readonly #sql: SqlStorage;
  readonly #points: PointStore;
  readonly #floors = new Map<string, number>();
  /** The row that the cursor stands in, read. */
  #row: { id: number; metric: string; points: SealedPoint[] } | undefined;
  readonly state: OutboxState;

  constructor(storage: DurableObjectStorage, points: PointStore) {
    this.#sql = storage.sql;
    this.#points = points;
    this.#sql.exec(SCHEMA);
    const saved = this.#sql.exec<{ body: string }>("SELECT body FROM hot_outbox").toArray()[0];
    this.state = saved === undefined ? newState() : (JSON.parse(saved.body) as OutboxState);
    const floors = this.#sql.exec<{ series: string; end_ms: number }>(
      "SELECT series, end_ms FROM hot_floors",
    );
    for (const { series, end_ms } of floors) this.#floors.set(series, end_ms);
  }

  save(): void {
    this.#sql.exec("INSERT OR REPLACE INTO hot_outbox VALUES (1, ?)", JSON.stringify(this.state));
  }

  /** Points that wait. */
  get waitingPoints(): number {
    return this.#pointsBehind("1 = ?", 1);
  }

  get isEmpty(): boolean {
    const [row] = this.state.next;
    return (
      this.#sql.exec("SELECT 1 FROM points WHERE id >= ? AND hot = 1 LIMIT 1", row).toArray().length === 0
    );
  }

  /**
   * The next points, at most `most`; undefined: there are none.
   *
   * @param until a cursor that the batch shall not reach over.
   */
  batch(
    most: number,
    definedOf: (metric: string) => DefinedMetric | undefined,
    until?: Cursor,
  ): OutboxBatch | undefined {
    const batch: OutboxBatch = { parts: [], points: 0, dropped: {}, next: this.state.next };
    let [id, index] = this.state.next;
    while (batch.points < most) {
      const row = this.#readRow(id);
      if (row === undefined || (until !== undefined && !isBefore([row.id, row.id === id ? index : 0], until)))
        break;
      if (row.id !== id) [id, index] = [row.id, 0];
      const last = until !== undefined && until[0] === id ? until[1] : row.points.length;
      const taken = row.points.slice(index, Math.min(last, index + most - batch.points));
      index += taken.length;
      batch.points += taken.length;
      this.#addPart(batch, row.metric, taken, definedOf);
      if (index >= row.points.length) [id, index] = [id + 1, 0];
    }
    batch.next = [id, index];
    return batch.points === 0 ? undefined : batch;
  }

  /** A batch is out, `sent` of its points for the first time. */
  advance(batch: OutboxBatch, sent: number, nowMs: number): void {
    this.state.next = batch.next;
    this.state.acknowledgedMs = nowMs;
    this.state.sentPoints += sent;
    if (!isBefore(this.state.acknowledged, batch.next)) return;
    this.state.acknowledged = batch.next;
    for (const [reason, points] of Object.entries(batch.dropped)) this.drop(reason, points);
  }

  /** The store may have forgotten what it has not had the time to write: it is sent once more. */
  rewind(): void {
    this.state.next = this.state.unsettled;
  }

  /** What is before `cursor` is kept for good. */
  settle(cursor: Cursor): void {
    this.state.unsettled = cursor;
  }

  /** Rows before this id are out, and the store will not forget them. */
  get passedRow(): number {
    return this.isEmpty && !isBefore(this.state.unsettled, this.state.next)
      ? Number.MAX_SAFE_INTEGER
      : this.state.unsettled[0];
  }

  /**
   * A metric ends. Its name may go to another, whose points begin after `sealedEnd`: windows that were open are not sent,
   * because the other has them too.
   */
  endMetric({ metric: { name } }: DefinedMetric, sealedEnd: number): void {
    const series = seriesName(name);
    const floor = Math.max(sealedEnd, this.floorOf(name));
    this.#sql.exec("INSERT OR REPLACE INTO hot_floors VALUES (?, ?)", series, floor);
    this.#floors.set(series, floor);
    this.#row = undefined;
  }

  /** Points of the metric that end by then are of another that had its name, epoch ms. */
  floorOf(name: string): number {
    return this.#floors.get(seriesName(name)) ?? 0;
  }

  /** Rows are about to be deleted: what of them waits will not arrive. */
  losing(condition: string, parameter: number, reason: string): void {
    const lost = this.#pointsBehind(condition, parameter);
    this.#row = undefined;
    if (lost === 0) return;
    this.drop(reason, lost);
    this.save();
    const spans = this.#sql.exec<{ metric: string; first_end: number; last_end: number }>(
      `SELECT metric, min(first_end) AS first_end, max(last_end) AS last_end FROM points
       WHERE id >= ? AND hot = 1 AND ${condition} GROUP BY metric`,
      this.state.next[0],
      parameter,
    );
    for (const { metric, first_end, last_end } of spans.toArray()) {
      this.#noteLacking(metric, first_end, last_end);
    }
  }

  /** Some points of a batch were refused for good. */
  noteRefused({ parts }: OutboxBatch): void {
    for (const { defined, points } of parts) {
      const { name } = defined.metric;
      const [first, last] = [points[0], points.at(-1)];
      if (first === undefined || last === undefined) continue;
      const isEnded = this.#points.ended(`${name}@${defined.revision}`) !== undefined;
      if (!isEnded) this.#noteLacking(name, first[0], last[0]);
    }
  }

  retry(reason: string): void {
    add(this.state.retries, reason, 1);
  }

  drop(reason: string, points: number): void {
    add(this.state.dropped, reason, points);
  }

  /** Whoever asks for these points is not to ask the store. */
  #noteLacking(metric: string, firstEnd: number, lastEnd: number): void {
    if (this.#points.ended(metric) !== undefined) return;
    this.#points.ledger.noteSpan(metric, "not_in_store", [firstEnd - 1, lastEnd]);
  }

  #addPart(
    { parts, dropped }: OutboxBatch,
    metric: string,
    points: SealedPoint[],
    definedOf: (metric: string) => DefinedMetric | undefined,
  ): void {
    const ended = this.#points.ended(metric);
    const defined = ended ?? definedOf(metric);
    if (defined === undefined) {
      add(dropped, "unknown_metric", points.length);
      return;
    }
    const floor = ended === undefined ? this.floorOf(metric) : 0;
    const newer = points.filter(([end]) => end > floor);
    if (newer.length < points.length) add(dropped, "superseded", points.length - newer.length);
    parts.push({ defined, points: newer });
  }

  /** The first row from `id` on. */
  #readRow(id: number): { id: number; metric: string; points: SealedPoint[] } | undefined {
    if (this.#row?.id === id) return this.#row;
    const query = "SELECT id, metric, body FROM points WHERE id >= ? AND hot = 1 ORDER BY id LIMIT 1";
    const row = this.#sql.exec<PointRow>(query, id).toArray()[0];
    this.#row = row && { id: row.id, metric: row.metric, points: JSON.parse(row.body) as SealedPoint[] };
    return this.#row;
  }

  #pointsBehind(condition: string, parameter: number): number {
    const [row, index] = this.state.next;
    const query = `SELECT id, points FROM points WHERE id >= ? AND hot = 1 AND ${condition}`;
    const rows = this.#sql.exec<{ id: number; points: number }>(query, row, parameter);
    let points = 0;
    for (const { id, points: all } of rows) points += id === row ? all - index : all;
    return points;
  }
}

function add(counts: Record<string, number>, reason: string, count: number): void {
  counts[reason] = (counts[reason] ?? 0) + count;
}

function newState(): OutboxState {
  const start: Cursor = [0, 0];
  return {
    next: start,
    unsettled: start,
    acknowledged: start,
    acknowledgedMs: 0,
    sentPoints: 0,
    retries: {},
    dropped: {},
  };
}
