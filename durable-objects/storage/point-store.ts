import type { CompiledMetric, DefinedMetric } from "../engine/compiled-metric.ts";
import { ceilTo, type RollupLevel, rollUp, stretchMs } from "../engine/rollup.ts";
import type { SealedPoint } from "../engine/sealed-point.ts";
import { floorTo } from "../engine/windows.ts";
import { type EndSpan, PointLedger } from "./point-ledger.ts";
import { PointRows } from "./point-rows.ts";

/**
 * A metric that ends leaves what is not out yet under `name@revision`, a name that no metric can have, and its definition
 * here.
 */
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS ended_metrics (key TEXT PRIMARY KEY, defined TEXT NOT NULL) WITHOUT ROWID;
`;

/** Rows that are deleted at once where the disk is full. */
const PRUNED_ROWS = 8;
/** Stretches of one metric that are rolled up at once: bounds how long the windows wait. */
const STRETCHES_AT_ONCE = 4;
/** What is rolled up goes to the archive in parts of the time for which points are kept: days of a month. */
const PARTS_OF_KEPT = 30;
/** Told which rows are about to be deleted before their time: a condition of SQL and its parameter. */
export type Losing = (condition: string, parameter: number, reason: "disk_full") => void;

/** The sealed points of one window object: added, rolled up with age, computed anew, forgotten at last. */
export class PointStore {
  readonly #storage: DurableObjectStorage;
  readonly rows: PointRows;
  readonly ledger: PointLedger;
  /** Metrics to when there may be something to roll up, epoch ms. */
  readonly #rollDueMs = new Map<string, number>();
  readonly #ended = new Map<string, DefinedMetric>();

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
    this.rows = new PointRows(storage.sql);
    this.ledger = new PointLedger(storage.sql);
    storage.sql.exec(SCHEMA);
    const ended = this.#rows<{ key: string; defined: string }>("SELECT key, defined FROM ended_metrics");
    for (const { key, defined } of ended) this.#ended.set(key, JSON.parse(defined) as DefinedMetric);
  }

  /** Adds points of a metric, as they were sealed, ascending in their ends. */
  add(metric: string, points: readonly SealedPoint[]): void {
    this.rows.insert(metric, points, { stepMs: 0, hot: 1, cold: 1 });
    this.ledger.noteBegin(metric, points[0]?.[0]);
  }

  /** The span of a metric's points that are older than what is kept: computed anew, they have yet to be rolled up and go. */
  onTheirWay(metric: string): EndSpan[] {
    const lostMs = this.ledger.lostMs(metric);
    if (lostMs === 0) return [];
    const row = this.#rows<{ first_end: number | null; last_end: number }>(
      "SELECT min(first_end) AS first_end, max(last_end) AS last_end FROM points WHERE metric = ? AND first_end <= ?",
      metric,
      lostMs,
    )[0];
    return row === undefined || row.first_end === null
      ? []
      : [[row.first_end - 1, Math.min(row.last_end, lostMs)]];
  }

  /**
   * Rolls up what has become old enough, a few stretches at a time.
   *
   * @param nowMs ages are reckoned from here: what ends later may not be sealed yet.
   * @param passed rows before this id are wherever they are to go.
   * @returns whether there may be more to do at once, or once what is not passed is.
   */
  rollUp(
    compiled: CompiledMetric,
    levels: readonly RollupLevel[],
    nowMs: number,
    passed: number,
  ): "done" | "more" | "blocked" {
    const { name } = compiled.metric;
    if (levels.length < 2 || nowMs < (this.#rollDueMs.get(name) ?? 0)) return "done";
    let isBlocked = false;
    const stretch = stretchMs(levels);
    let dueMs = Number.POSITIVE_INFINITY;
    for (const [i, to] of levels.slice(1).entries()) {
      const from = levels[i];
      if (from === undefined) break;
      const steps = { fromMs: i === 0 ? 0 : from.stepMs, toMs: to.stepMs };
      for (let done = 0; ; done++) {
        const until = this.#nextStretch(name, steps.fromMs, stretch);
        if (until === undefined) break;
        dueMs = Math.min(dueMs, until + from.untilMs);
        if (until + from.untilMs > nowMs) break;
        if (done === STRETCHES_AT_ONCE) return "more";
        if (this.#rollStretch(compiled, steps, until, stretch, passed)) continue;
        isBlocked = true;
        break;
      }
    }
    this.#rollDueMs.set(name, dueMs === Number.POSITIVE_INFINITY ? nowMs + stretch : dueMs);
    return isBlocked ? "blocked" : "done";
  }

  /**
   * Puts points in the place of all that end in `(afterMs, untilMs]`. Ends that had points are not sent to the hot store
   * once more: a store has no safe way to overwrite.
   *
   * @param afterMs and `untilMs` are multiples of {@link stretchMs}, or newer than all that is rolled up.
   * @returns the rows that the points are in: from `first` to before `next`. `first` itself is of none of them: so what is said
   *   of older rows has a number of its own, also where no point is in their place.
   */
  replace(
    metric: string,
    afterMs: number,
    untilMs: number,
    points: readonly SealedPoint[],
  ): { first: number; next: number } {
    const first = this.rows.nextId++;
    const rows = this.#rows<{ id: number; step_ms: number }>(
      "SELECT id, step_ms FROM points WHERE metric = ? AND last_end > ? AND first_end <= ?",
      metric,
      afterMs,
      untilMs,
    );
    const known = new Set<number>();
    let wasRolled = false;
    for (const row of rows) {
      const all = this.rows.pointsOf(row.id);
      const rest = all.filter(([end]) => end <= afterMs || end > untilMs);
      if (row.step_ms > 0) wasRolled = true;
      for (const [end] of all) if (end > afterMs && end <= untilMs) known.add(end);
      this.rows.rewrite(row.id, rest);
    }
    const isNew = ([end]: SealedPoint): boolean => !wasRolled && !known.has(end);
    this.rows.insert(metric, points.filter(isNew), { stepMs: 0, hot: 1, cold: 1 });
    this.rows.insert(
      metric,
      points.filter((point) => !isNew(point)),
      { stepMs: 0, hot: 0, cold: 1 },
    );
    this.#rollDueMs.delete(metric);
    this.ledger.noteBegin(metric, points[0]?.[0]);
    this.ledger.noteSpan(metric, "recomputed", [afterMs, untilMs]);
    return { first, next: this.rows.nextId };
  }

  /**
   * Deletes points of a metric that are too old. What has yet to be rolled up, or to go where it is to go, waits for that.
   * What is rolled up goes to the archive then, a day's at once where points are kept for a month: few files.
   *
   * @param passed as for {@link rollUp}.
   */
  expire(
    metric: string,
    levels: readonly RollupLevel[],
    { beforeMs, keepMs }: { beforeMs: number; keepMs: number },
    passed: number,
  ): void {
    const isRolledUp = levels.length > 1;
    const stepMs = isRolledUp ? (levels.at(-1)?.stepMs ?? 0) : 0;
    if (isRolledUp) this.#handOver(metric, stepMs, floorTo(beforeMs, ceilTo(keepMs / PARTS_OF_KEPT, stepMs)));
    const condition = "metric = ? AND step_ms = ? AND last_end < ? AND cold = 1 AND id < ?";
    const bindings = [metric, stepMs, beforeMs, passed];
    const expired = this.#rows<{ last_end: number | null }>(
      `SELECT max(last_end) AS last_end FROM points WHERE ${condition}`,
      ...bindings,
    )[0]?.last_end;
    if (expired === null || expired === undefined) return;
    this.#storage.sql.exec(`DELETE FROM points WHERE ${condition}`, ...bindings);
    this.ledger.noteLost(metric, expired);
  }

  /** Points of the coarsest step that end by `untilMs` become rows for the archive. */
  #handOver(metric: string, stepMs: number, untilMs: number): void {
    const rows = this.#rows<{ id: number }>(
      "SELECT id FROM points WHERE metric = ? AND step_ms = ? AND last_end <= ? AND cold = 0",
      metric,
      stepMs,
      untilMs,
    );
    const points = rows.flatMap(({ id }) => this.rows.pointsOf(id)).sort(([a], [b]) => a - b);
    for (const { id } of rows) this.rows.rewrite(id, []);
    this.rows.insert(metric, points, { stepMs, hot: 0, cold: 1 });
  }

  /** Deletes the oldest rows while the database is larger than `mostBytes`. */
  makeRoom(mostBytes: number, losing: Losing): void {
    while (this.#storage.sql.databaseSize > mostBytes) {
      const oldest = this.#rows<{ id: number }>("SELECT id FROM points ORDER BY id LIMIT ?", PRUNED_ROWS);
      const last = oldest.at(-1);
      if (last === undefined) break;
      losing("id <= ?", last.id, "disk_full");
      this.#lose(last.id);
    }
  }

  /** The definition that a metric which has ended had. */
  ended(key: string): DefinedMetric | undefined {
    return this.#ended.get(key);
  }

  /** A metric has ended: what is not wherever it is to go stays until {@link release}. */
  end({ metric, revision }: DefinedMetric, passed: number): void {
    const { name } = metric;
    const defined: DefinedMetric = { metric, revision };
    const key = `${name}@${revision}`;
    const moved = this.#storage.sql.exec(
      "UPDATE points SET metric = ? WHERE metric = ? AND id >= ? AND hot + cold > 0",
      key,
      name,
      passed,
    );
    if (moved.rowsWritten > 0) {
      this.#storage.sql.exec(
        "INSERT OR REPLACE INTO ended_metrics VALUES (?, ?)",
        key,
        JSON.stringify(defined),
      );
      this.#ended.set(key, defined);
    }
    this.#storage.sql.exec("DELETE FROM points WHERE metric = ?", name);
    this.ledger.forget(name);
    this.#rollDueMs.delete(name);
  }

  /** Rows of ended metrics before `passed` have served. */
  release(passed: number): void {
    for (const key of this.#ended.keys()) {
      this.#storage.sql.exec("DELETE FROM points WHERE metric = ? AND id < ?", key, passed);
      if (this.#rows("SELECT 1 FROM points WHERE metric = ? LIMIT 1", key).length > 0) continue;
      this.#storage.sql.exec("DELETE FROM ended_metrics WHERE key = ?", key);
      this.#ended.delete(key);
    }
  }

  /** The end of the stretch that the oldest points of a step are in. */
  #nextStretch(metric: string, stepMs: number, stretch: number): number | undefined {
    const oldest = this.#rows<{ first_end: number }>(
      "SELECT first_end FROM points WHERE metric = ? AND step_ms = ? ORDER BY last_end LIMIT 1",
      metric,
      stepMs,
    )[0];
    return oldest && ceilTo(oldest.first_end, stretch);
  }

  /** @returns false: some of it has yet to go where it is to go. */
  #rollStretch(
    compiled: CompiledMetric,
    steps: { fromMs: number; toMs: number },
    until: number,
    stretch: number,
    passed: number,
  ): boolean {
    const { name } = compiled.metric;
    const rows = this.#rows<{ id: number; step_ms: number; leaves: number }>(
      `SELECT id, step_ms, hot + cold AS leaves FROM points
       WHERE metric = ? AND step_ms IN (?, ?) AND last_end > ? AND first_end <= ? ORDER BY last_end, id`,
      name,
      steps.fromMs,
      steps.toMs,
      until - stretch,
      until,
    );
    const isWaiting = ({ id, leaves }: { id: number; leaves: number }): boolean => id >= passed && leaves > 0;
    if (rows.some((row) => row.step_ms === steps.fromMs && isWaiting(row))) return false;
    const isInside = ([end]: SealedPoint): boolean => end > until - stretch && end <= until;
    // What was sealed after the stretch had been rolled up joins what that came to.
    const points = (function* (store: PointStore): Generator<SealedPoint> {
      for (const { id } of rows)
        for (const point of store.rows.pointsOf(id)) if (isInside(point)) yield point;
    })(this);
    const rolled = rollUp(compiled, points, steps.toMs).sort(([a], [b]) => a - b);
    for (const { id } of rows) {
      this.rows.rewrite(
        id,
        this.rows.pointsOf(id).filter((point) => !isInside(point)),
      );
    }
    this.rows.insert(name, rolled, { stepMs: steps.toMs, hot: 0, cold: 0 });
    this.ledger.noteKept(name, steps.fromMs, until);
    return true;
  }

  /** Deletes rows up to `id` before their time, and notes what is not kept any more. */
  #lose(id: number): void {
    const gone = this.#rows<{ metric: string; first_end: number; last_end: number }>(
      `SELECT metric, min(first_end) AS first_end, max(last_end) AS last_end
       FROM points WHERE id <= ? GROUP BY metric`,
      id,
    );
    for (const { metric, first_end, last_end } of gone) {
      if (this.#ended.has(metric)) continue;
      this.ledger.noteLost(metric, last_end);
      this.ledger.noteSpan(metric, "not_rolled_up", [first_end - 1, last_end]);
    }
    this.#storage.sql.exec("DELETE FROM points WHERE id <= ?", id);
  }

  #rows<Row extends Record<string, SqlStorageValue>>(query: string, ...bindings: SqlStorageValue[]): Row[] {
    return this.#storage.sql.exec<Row>(query, ...bindings).toArray();
  }
}
