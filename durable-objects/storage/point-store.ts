import type { CompiledMetric, DefinedMetric } from "../engine/compiled-metric.ts";
import { ceilTo, type RollupLevel, rollUp, stretchMs } from "../engine/rollup.ts";
import type { SealedPoint } from "../engine/sealed-point.ts";
import { floorTo } from "../engine/windows.ts";

/**
 * `points` holds sealed points in blobs, whose ids are never used again: cursors go by them. `step_ms` is 0 for points
 * as they were sealed, else what they are rolled up to. `hot` and `cold` say whether a row is for the hot store and for the
 * archive. `kept` says after which end the points of a step are all there; {@link LOST} stands for any step. `begins`
 * says when a metric's first window ended. `spans` are
 * of the kinds of {@link SpanKind}. A metric that ends leaves what is not out yet under `name@revision`, a name that no
 * metric can have, and its definition in `ended_metrics`.
 */
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS points (
    id INTEGER PRIMARY KEY, metric TEXT NOT NULL, step_ms INTEGER NOT NULL, first_end INTEGER NOT NULL,
    last_end INTEGER NOT NULL, points INTEGER NOT NULL, hot INTEGER NOT NULL, cold INTEGER NOT NULL, body TEXT NOT NULL
  );
  CREATE INDEX IF NOT EXISTS points_by_metric ON points (metric, step_ms, last_end);
  CREATE TABLE IF NOT EXISTS kept (
    metric TEXT NOT NULL, step_ms INTEGER NOT NULL, after_ms INTEGER NOT NULL, PRIMARY KEY (metric, step_ms)
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS begins (metric TEXT PRIMARY KEY, first_end INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS spans (
    metric TEXT NOT NULL, kind TEXT NOT NULL, until_ms INTEGER NOT NULL, after_ms INTEGER NOT NULL,
    PRIMARY KEY (metric, kind, until_ms)
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS ended_metrics (key TEXT PRIMARY KEY, defined TEXT NOT NULL) WITHOUT ROWID;
`;

/** In the place of a step in `kept`: points that end by then are not here at any step. */
const LOST = -1;
/** A value of SQLite holds 2 MB at most; a character takes up to 3 bytes. */
const MAX_TEXT_LENGTH = 600_000;
/** Rows that are deleted at once where the disk is full. */
const PRUNED_ROWS = 8;
/** Stretches of one metric that are rolled up at once: bounds how long the windows wait. */
const STRETCHES_AT_ONCE = 4;
/** What is rolled up goes to the archive in parts of the time for which points are kept: days of a month. */
const PARTS_OF_KEPT = 30;
/** Rows of a metric that reach into a span of ends. */
const WITHIN = "metric = ? AND last_end >= ? AND first_end <= ?";

/** At this step, or as sealed, every point is kept that ends after `afterMs`. */
export interface KeptLevel {
  stepMs: number;
  afterMs: number;
}

/** A row on its way to the archive. */
export interface PointRow {
  id: number;
  /** The metric's name; of one that has ended with `@` and its revision. */
  metric: string;
  /** 0: as sealed. */
  stepMs: number;
  /** JSON of a list of {@link SealedPoint}. */
  body: string;
}

/**
 * Spans `(afterMs, untilMs]` of a metric: that were computed anew; of which the hot store does not have all; or that went
 * before they were rolled up, so that the archive has them only as they were sealed.
 */
export type SpanKind = "recomputed" | "not_in_store" | "not_rolled_up";
export type EndSpan = [afterMs: number, untilMs: number];

/** Told which rows are about to be deleted before their time: a condition of SQL and its parameter. */
export type Losing = (condition: string, parameter: number, reason: "disk_full") => void;

interface StoredRow extends Record<string, SqlStorageValue> {
  id: number;
  first_end: number;
  last_end: number;
  body: string;
}

/** The sealed points of one window object. Whatever inserts rows is part of a checkpoint, which keeps {@link nextId}. */
export class PointStore {
  readonly #storage: DurableObjectStorage;
  /** Metrics to when there may be something to roll up, epoch ms. */
  readonly #rollDueMs = new Map<string, number>();
  readonly #ended = new Map<string, DefinedMetric>();
  readonly #begins = new Map<string, number>();
  nextId = 1;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
    storage.sql.exec(SCHEMA);
    const ended = this.#rows<{ key: string; defined: string }>("SELECT key, defined FROM ended_metrics");
    const begins = this.#rows<{ metric: string; first_end: number }>("SELECT metric, first_end FROM begins");
    for (const { metric, first_end } of begins) this.#begins.set(metric, first_end);
    for (const { key, defined } of ended) this.#ended.set(key, JSON.parse(defined) as DefinedMetric);
  }

  /** Adds points of a metric, as they were sealed, ascending in their ends. */
  add(metric: string, points: readonly SealedPoint[]): void {
    this.#insert(metric, points, { stepMs: 0, hot: 1, cold: 1 });
    this.#noteBegin(metric, points[0]?.[0]);
  }

  /** The end of the first window that a metric ever had points of. */
  firstEnd(metric: string): number | undefined {
    return this.#begins.get(metric);
  }

  /** How many points {@link read} would give. */
  count(metric: string, fromMs: number, toMs: number): number {
    const query = `SELECT coalesce(sum(points), 0) AS points FROM points WHERE ${WITHIN}`;
    return this.#rows<{ points: number }>(query, metric, fromMs, toMs)[0]?.points ?? 0;
  }

  /**
   * Points of a metric of whatever step with their ends in `[fromMs, toMs]`, and more around, ascending in their ends. They
   * are read a few rows at a time: those that overlap.
   */
  *read(metric: string, fromMs: number, toMs: number): Generator<SealedPoint> {
    const rows = this.#rows<{ id: number; first_end: number; last_end: number }>(
      `SELECT id, first_end, last_end FROM points WHERE ${WITHIN} ORDER BY first_end, id`,
      metric,
      fromMs,
      toMs,
    );
    for (let begin = 0, end = 0; begin < rows.length; begin = end) {
      let lastEnd = rows[begin]?.last_end ?? 0;
      for (end = begin + 1; (rows[end]?.first_end ?? Number.POSITIVE_INFINITY) < lastEnd; end++)
        lastEnd = Math.max(lastEnd, rows[end]?.last_end ?? 0);
      const points = rows.slice(begin, end).flatMap(({ id }) => this.#pointsOf(id));
      yield* end === begin + 1 ? points : points.sort(([a], [b]) => a - b);
    }
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

  /** Points of a metric that end by then are not kept any more, at whatever step; 0: none has gone. */
  lostMs(metric: string): number {
    const query = "SELECT after_ms FROM kept WHERE metric = ? AND step_ms = ?";
    return this.#rows<{ after_ms: number }>(query, metric, LOST)[0]?.after_ms ?? 0;
  }

  /** The span of a metric's points that are older than what is kept: computed anew, they have yet to be rolled up and go. */
  onTheirWay(metric: string): EndSpan[] {
    const lostMs = this.lostMs(metric);
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
   * @returns the rows that the points are in: from `first` to before `next`.
   */
  replace(
    metric: string,
    afterMs: number,
    untilMs: number,
    points: readonly SealedPoint[],
  ): { first: number; next: number } {
    const first = this.nextId;
    const rows = this.#rows<StoredRow & { step_ms: number }>(
      "SELECT id, step_ms, first_end, last_end, body FROM points WHERE metric = ? AND last_end > ? AND first_end <= ?",
      metric,
      afterMs,
      untilMs,
    );
    const known = new Set<number>();
    let wasRolled = false;
    for (const row of rows) {
      const all = pointsOf(row);
      const rest = all.filter(([end]) => end <= afterMs || end > untilMs);
      if (row.step_ms > 0) wasRolled = true;
      for (const [end] of all) if (end > afterMs && end <= untilMs) known.add(end);
      this.#rewrite(row.id, rest);
    }
    const isNew = ([end]: SealedPoint): boolean => !wasRolled && !known.has(end);
    this.#insert(metric, points.filter(isNew), { stepMs: 0, hot: 1, cold: 1 });
    this.#insert(
      metric,
      points.filter((point) => !isNew(point)),
      { stepMs: 0, hot: 0, cold: 1 },
    );
    this.#rollDueMs.delete(metric);
    this.#noteBegin(metric, points[0]?.[0]);
    this.noteSpan(metric, "recomputed", [afterMs, untilMs]);
    return { first, next: this.nextId };
  }

  /** Whether some of a metric's points with ends in `(afterMs, untilMs]` are in rows from `id` on. */
  hasRowsFrom(id: number, metric: string, afterMs: number, untilMs: number): boolean {
    const rows = this.#rows(
      "SELECT 1 FROM points WHERE metric = ? AND last_end > ? AND first_end <= ? AND id >= ? LIMIT 1",
      metric,
      afterMs,
      untilMs,
      id,
    );
    return rows.length > 0;
  }

  /** Whether some of a metric's points with ends in `(afterMs, untilMs]` are rolled up. */
  isRolledUp(metric: string, afterMs: number, untilMs: number): boolean {
    const rows = this.#rows(
      "SELECT 1 FROM points WHERE metric = ? AND step_ms > 0 AND last_end > ? AND first_end <= ? LIMIT 1",
      metric,
      afterMs,
      untilMs,
    );
    return rows.length > 0;
  }

  /** Spans of a metric that were computed anew. */
  recomputed(metric: string): EndSpan[] {
    return this.spans(metric, "recomputed");
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
      this.#storage.sql.exec(
        "DELETE FROM spans WHERE metric = ? AND kind = ? AND until_ms = ?",
        metric,
        kind,
        until,
      );
    }
    this.#storage.sql.exec("INSERT INTO spans VALUES (?, ?, ?, ?)", metric, kind, span.untilMs, span.afterMs);
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
    this.#noteKept(metric, LOST, expired);
  }

  /** Points of the coarsest step that end by `untilMs` become rows for the archive. */
  #handOver(metric: string, stepMs: number, untilMs: number): void {
    const rows = this.#rows<StoredRow>(
      "SELECT id, body FROM points WHERE metric = ? AND step_ms = ? AND last_end <= ? AND cold = 0",
      metric,
      stepMs,
      untilMs,
    );
    for (const { id } of rows) this.#rewrite(id, []);
    const points = rows.flatMap(pointsOf).sort(([a], [b]) => a - b);
    this.#insert(metric, points, { stepMs, hot: 0, cold: 1 });
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

  /**
   * The oldest rows from `id` on that are for the archive.
   *
   * @param to the last of them; absent: as many as `mostCharacters` hold, at least one if there is any.
   */
  rowsForArchive(id: number, to: number | undefined, mostCharacters: number): PointRow[] {
    const rows: PointRow[] = [];
    let characters = 0;
    const found = this.#storage.sql.exec<{ id: number; metric: string; step_ms: number; body: string }>(
      "SELECT id, metric, step_ms, body FROM points WHERE id >= ? AND cold = 1 ORDER BY id",
      id,
    );
    for (const { step_ms, ...row } of found) {
      characters += row.body.length;
      if (to === undefined ? rows.length > 0 && characters > mostCharacters : row.id > to) break;
      rows.push({ ...row, stepMs: step_ms });
    }
    return rows;
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
    this.#storage.sql.exec("DELETE FROM kept WHERE metric = ?", name);
    this.#storage.sql.exec("DELETE FROM spans WHERE metric = ?", name);
    this.#storage.sql.exec("DELETE FROM begins WHERE metric = ?", name);
    this.#begins.delete(name);
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
      for (const { id } of rows) for (const point of store.#pointsOf(id)) if (isInside(point)) yield point;
    })(this);
    const rolled = rollUp(compiled, points, steps.toMs).sort(([a], [b]) => a - b);
    for (const { id } of rows) {
      this.#rewrite(
        id,
        this.#pointsOf(id).filter((point) => !isInside(point)),
      );
    }
    this.#insert(name, rolled, { stepMs: steps.toMs, hot: 0, cold: 0 });
    this.#noteKept(name, steps.fromMs, until);
    return true;
  }

  #pointsOf(id: number): SealedPoint[] {
    return this.#rows<{ body: string }>("SELECT body FROM points WHERE id = ?", id).flatMap(pointsOf);
  }

  #rewrite(id: number, points: readonly SealedPoint[]): void {
    const [first, last] = [points[0], points.at(-1)];
    if (first === undefined || last === undefined) {
      this.#storage.sql.exec("DELETE FROM points WHERE id = ?", id);
      return;
    }
    this.#storage.sql.exec(
      "UPDATE points SET first_end = ?, last_end = ?, points = ?, body = ? WHERE id = ?",
      first[0],
      last[0],
      points.length,
      JSON.stringify(points),
      id,
    );
  }

  #insert(
    metric: string,
    points: readonly SealedPoint[],
    { stepMs, hot, cold }: { stepMs: number; hot: number; cold: number },
  ): void {
    let run: string[] = [];
    let length = 0;
    let firstEnd = 0;
    let lastEnd = 0;
    const save = (): void => {
      if (run.length === 0) return;
      this.#storage.sql.exec(
        "INSERT INTO points VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        this.nextId++,
        metric,
        stepMs,
        firstEnd,
        lastEnd,
        run.length,
        hot,
        cold,
        `[${run.join(",")}]`,
      );
      run = [];
      length = 0;
    };
    for (const point of points) {
      const text = JSON.stringify(point);
      if (length + text.length > MAX_TEXT_LENGTH) save();
      if (run.length === 0) firstEnd = point[0];
      lastEnd = point[0];
      run.push(text);
      length += text.length + 1;
    }
    save();
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
      this.#noteKept(metric, LOST, last_end);
      this.noteSpan(metric, "not_rolled_up", [first_end - 1, last_end]);
    }
    this.#storage.sql.exec("DELETE FROM points WHERE id <= ?", id);
  }

  #noteKept(metric: string, stepMs: number, afterMs: number): void {
    this.#storage.sql.exec(
      "INSERT INTO kept VALUES (?, ?, ?) ON CONFLICT (metric, step_ms) DO UPDATE SET after_ms = max(after_ms, excluded.after_ms)",
      metric,
      stepMs,
      afterMs,
    );
  }

  #noteBegin(metric: string, firstEnd = Number.POSITIVE_INFINITY): void {
    if (firstEnd >= (this.#begins.get(metric) ?? Number.POSITIVE_INFINITY)) return;
    this.#begins.set(metric, firstEnd);
    this.#storage.sql.exec("INSERT OR REPLACE INTO begins VALUES (?, ?)", metric, firstEnd);
  }

  #rows<Row extends Record<string, SqlStorageValue>>(query: string, ...bindings: SqlStorageValue[]): Row[] {
    return this.#storage.sql.exec<Row>(query, ...bindings).toArray();
  }
}

function pointsOf({ body }: { body: string }): SealedPoint[] {
  return JSON.parse(body) as SealedPoint[];
}
