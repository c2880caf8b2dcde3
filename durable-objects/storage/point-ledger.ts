import type { RollupLevel } from "../engine/rollup.ts";

/**
 * `kept` says after which end the points of a step are all there; {@link LOST} stands for any step. `begins` says when a
 * metric's first window ended. `spans` are of the kinds of {@link SpanKind}.
 */
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS kept (
    metric TEXT NOT NULL, step_ms INTEGER NOT NULL, after_ms INTEGER NOT NULL, PRIMARY KEY (metric, step_ms)
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS begins (metric TEXT PRIMARY KEY, first_end INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS spans (
    metric TEXT NOT NULL, kind TEXT NOT NULL, until_ms INTEGER NOT NULL, after_ms INTEGER NOT NULL,
    PRIMARY KEY (metric, kind, until_ms)
  ) WITHOUT ROWID;
`;

/** In the place of a step in `kept`: points that end by then are not here at any step. */
const LOST = -1;

/** At this step, or as sealed, every point is kept that ends after `afterMs`. */
export interface KeptLevel {
  stepMs: number;
  afterMs: number;
}

/**
 * Spans `(afterMs, untilMs]` of a metric: that were computed anew; of which the hot store does not have all; or that went
 * before they were rolled up, so that the archive has them only as they were sealed.
 */
export type SpanKind = "recomputed" | "not_in_store" | "not_rolled_up";
export type EndSpan = [afterMs: number, untilMs: number];

/** What is known of the sealed points of each metric: since when, at which step they are all here, what others lack of them. */
export class PointLedger {
  readonly #sql: SqlStorage;
  readonly #begins = new Map<string, number>();

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    sql.exec(SCHEMA);
    const begins = this.#rows<{ metric: string; first_end: number }>("SELECT metric, first_end FROM begins");
    for (const { metric, first_end } of begins) this.#begins.set(metric, first_end);
  }

  /** The end of the first window that a metric ever had points of. */
  firstEnd(metric: string): number | undefined {
    return this.#begins.get(metric);
  }

  /** There is a window that ends then. */
  noteBegin(metric: string, firstEnd = Number.POSITIVE_INFINITY): void {
    if (firstEnd >= (this.#begins.get(metric) ?? Number.POSITIVE_INFINITY)) return;
    this.#begins.set(metric, firstEnd);
    this.#sql.exec("INSERT OR REPLACE INTO begins VALUES (?, ?)", metric, firstEnd);
  }

  /** What is kept of a metric, finest first. */
  kept(metric: string, levels: readonly RollupLevel[]): KeptLevel[] {
    const rows = this.#rows<{ step_ms: number; after_ms: number }>(
      "SELECT step_ms, after_ms FROM kept WHERE metric = ?",
      metric,
    );
    const after = new Map(rows.map(({ step_ms, after_ms }) => [step_ms, after_ms]));
    const lostMs = after.get(LOST) ?? 0;
    return levels.map(({ stepMs }, i) => ({
      stepMs,
      afterMs: Math.max(lostMs, after.get(i === 0 ? 0 : stepMs) ?? 0),
    }));
  }

  /** Points of a step, 0 being as sealed, are not all here any more that end by `afterMs`. */
  noteKept(metric: string, stepMs: number, afterMs: number): void {
    this.#sql.exec(
      "INSERT INTO kept VALUES (?, ?, ?) ON CONFLICT (metric, step_ms) DO UPDATE SET after_ms = max(after_ms, excluded.after_ms)",
      metric,
      stepMs,
      afterMs,
    );
  }

  /** Points of a metric that end by then are not kept any more, at whatever step; 0: none has gone. */
  lostMs(metric: string): number {
    const query = "SELECT after_ms FROM kept WHERE metric = ? AND step_ms = ?";
    return this.#rows<{ after_ms: number }>(query, metric, LOST)[0]?.after_ms ?? 0;
  }

  /** Points that end by `afterMs` are not here any more, at whatever step. */
  noteLost(metric: string, afterMs: number): void {
    this.noteKept(metric, LOST, afterMs);
  }

  spans(metric: string, kind: SpanKind): EndSpan[] {
    const rows = this.#rows<{ after_ms: number; until_ms: number }>(
      "SELECT after_ms, until_ms FROM spans WHERE metric = ? AND kind = ? ORDER BY until_ms",
      metric,
      kind,
    );
    return rows.map(({ after_ms, until_ms }) => [after_ms, until_ms]);
  }

  /** Spans of one kind that touch are one. */
  noteSpan(metric: string, kind: SpanKind, [afterMs, untilMs]: EndSpan): void {
    let span = { afterMs, untilMs };
    for (const [after, until] of this.spans(metric, kind)) {
      if (after > span.untilMs || until < span.afterMs) continue;
      span = { afterMs: Math.min(after, span.afterMs), untilMs: Math.max(until, span.untilMs) };
      this.#sql.exec("DELETE FROM spans WHERE metric = ? AND kind = ? AND until_ms = ?", metric, kind, until);
    }
    this.#sql.exec("INSERT INTO spans VALUES (?, ?, ?, ?)", metric, kind, span.untilMs, span.afterMs);
  }

  /** A metric has ended. */
  forget(metric: string): void {
    for (const table of ["kept", "spans", "begins"])
      this.#sql.exec(`DELETE FROM ${table} WHERE metric = ?`, metric);
    this.#begins.delete(metric);
  }

  #rows<Row extends Record<string, SqlStorageValue>>(query: string, ...bindings: SqlStorageValue[]): Row[] {
    return this.#sql.exec<Row>(query, ...bindings).toArray();
  }
}
