import { seriesName } from "../../protocol/prometheus-names.ts";
import type { DefinedMetric } from "../engine/compiled-metric.ts";
import type { SealedPoint } from "../engine/sealed-point.ts";

/**
 * Sealed points on their way to the hot store are the rows of `points` behind a cursor. `hot_outbox` holds the cursors
 * and what is counted. A metric that ends leaves its rows under `name@revision`, a name that no metric can have, and
 * its definition in `ended_metrics`, until they are out.
 */
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS hot_outbox (id INTEGER PRIMARY KEY CHECK (id = 1), body TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS ended_metrics (key TEXT PRIMARY KEY, defined TEXT NOT NULL) WITHOUT ROWID;
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
  readonly #ended = new Map<string, DefinedMetric>();
  readonly #floors = new Map<string, number>();
  /** The row that the cursor stands in, read. */
  #row: { id: number; metric: string; points: SealedPoint[] } | undefined;
  readonly state: OutboxState;

  constructor(storage: DurableObjectStorage) {
    this.#sql = storage.sql;
    this.#sql.exec(SCHEMA);
    const saved = this.#sql.exec<{ body: string }>("SELECT body FROM hot_outbox").toArray()[0];
    this.state = saved === undefined ? newState() : (JSON.parse(saved.body) as OutboxState);
    const ended = this.#sql.exec<{ key: string; defined: string }>("SELECT key, defined FROM ended_metrics");
    for (const { key, defined } of ended) this.#ended.set(key, JSON.parse(defined) as DefinedMetric);
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
    return this.#sql.exec("SELECT 1 FROM points WHERE id >= ? LIMIT 1", row).toArray().length === 0;
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

  /** What is before `cursor` is kept for good. Rows of ended metrics that are out have served. */
  settle(cursor: Cursor): void {
    this.state.unsettled = cursor;
    for (const key of this.#ended.keys()) {
      this.#sql.exec("DELETE FROM points WHERE metric = ? AND id < ?", key, this.state.unsettled[0]);
      const rest = this.#sql.exec("SELECT 1 FROM points WHERE metric = ? LIMIT 1", key).toArray();
      if (rest.length > 0) continue;
      this.#sql.exec("DELETE FROM ended_metrics WHERE key = ?", key);
      this.#ended.delete(key);
    }
  }

  /**
   * Keeps what is not out of a metric that ends. Its name may go to another, whose points begin after `sealedEnd`:
   * windows that were open are not sent, because the other has them too.
   */
  endMetric(defined: DefinedMetric, sealedEnd: number): void {
    const { name } = defined.metric;
    const key = `${name}@${defined.revision}`;
    const [first] = this.state.unsettled;
    const moved = this.#sql.exec(
      "UPDATE points SET metric = ? WHERE metric = ? AND id >= ?",
      key,
      name,
      first,
    );
    if (moved.rowsWritten > 0) {
      this.#sql.exec("INSERT OR REPLACE INTO ended_metrics VALUES (?, ?)", key, JSON.stringify(defined));
      this.#ended.set(key, defined);
    }
    const series = seriesName(name);
    const floor = Math.max(sealedEnd, this.#floors.get(series) ?? 0);
    this.#sql.exec("INSERT OR REPLACE INTO hot_floors VALUES (?, ?)", series, floor);
    this.#floors.set(series, floor);
    this.#row = undefined;
  }

  /** Rows are about to be deleted: what of them waits will not arrive. */
  losing(condition: string, parameter: number, reason: string): void {
    const lost = this.#pointsBehind(condition, parameter);
    if (lost > 0) this.drop(reason, lost);
    if (lost > 0) this.save();
    this.#row = undefined;
  }

  retry(reason: string): void {
    add(this.state.retries, reason, 1);
  }

  drop(reason: string, points: number): void {
    add(this.state.dropped, reason, points);
  }

  #addPart(
    { parts, dropped }: OutboxBatch,
    metric: string,
    points: SealedPoint[],
    definedOf: (metric: string) => DefinedMetric | undefined,
  ): void {
    const ended = this.#ended.get(metric);
    const defined = ended ?? definedOf(metric);
    if (defined === undefined) {
      add(dropped, "unknown_metric", points.length);
      return;
    }
    const floor = ended === undefined ? (this.#floors.get(seriesName(metric)) ?? 0) : 0;
    const newer = points.filter(([end]) => end > floor);
    if (newer.length < points.length) add(dropped, "superseded", points.length - newer.length);
    parts.push({ defined, points: newer });
  }

  /** The first row from `id` on. */
  #readRow(id: number): { id: number; metric: string; points: SealedPoint[] } | undefined {
    if (this.#row?.id === id) return this.#row;
    const query = "SELECT id, metric, body FROM points WHERE id >= ? ORDER BY id LIMIT 1";
    const row = this.#sql.exec<PointRow>(query, id).toArray()[0];
    this.#row = row && { id: row.id, metric: row.metric, points: JSON.parse(row.body) as SealedPoint[] };
    return this.#row;
  }

  #pointsBehind(condition: string, parameter: number): number {
    const [row, index] = this.state.next;
    const query = `SELECT id, points FROM points WHERE id >= ? AND ${condition}`;
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
