import type { SealedPoint } from "../engine/sealed-point.ts";

/**
 * `points` holds sealed points in blobs, whose ids are never used again: cursors go by them. `step_ms` is 0 for points
 * as they were sealed, else what they are rolled up to. `hot` and `cold` say whether a row is for the hot store and for the
 * archive.
 */
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS points (
    id INTEGER PRIMARY KEY, metric TEXT NOT NULL, step_ms INTEGER NOT NULL, first_end INTEGER NOT NULL,
    last_end INTEGER NOT NULL, points INTEGER NOT NULL, hot INTEGER NOT NULL, cold INTEGER NOT NULL, body TEXT NOT NULL
  );
  CREATE INDEX IF NOT EXISTS points_by_metric ON points (metric, step_ms, last_end);
`;

/** A value of SQLite holds 2 MB at most; a character takes up to 3 bytes. */
const MAX_TEXT_LENGTH = 600_000;
/** Rows of a metric that reach into a span of ends. */
const WITHIN = "metric = ? AND last_end >= ? AND first_end <= ?";

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

/** What new rows are of: 0 being as sealed; and whom they are for. */
export interface RowKind {
  stepMs: number;
  hot: 0 | 1;
  cold: 0 | 1;
}

/** Rows of sealed points. Whatever inserts some is part of a checkpoint, which keeps {@link nextId}. */
export class PointRows {
  readonly #sql: SqlStorage;
  nextId = 1;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    sql.exec(SCHEMA);
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
      const points = rows.slice(begin, end).flatMap(({ id }) => this.pointsOf(id));
      yield* end === begin + 1 ? points : points.sort(([a], [b]) => a - b);
    }
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

  /**
   * The oldest rows from `id` on that are for the archive.
   *
   * @param to the last of them; absent: as many as `mostCharacters` hold, at least one if there is any.
   */
  rowsForArchive(id: number, to: number | undefined, mostCharacters: number): PointRow[] {
    const rows: PointRow[] = [];
    let characters = 0;
    const found = this.#sql.exec<{ id: number; metric: string; step_ms: number; body: string }>(
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

  /** The points of a row. */
  pointsOf(id: number): SealedPoint[] {
    return this.#rows<{ body: string }>("SELECT body FROM points WHERE id = ?", id).flatMap(pointsOf);
  }

  /** A row keeps these points only; without any it goes. */
  rewrite(id: number, points: readonly SealedPoint[]): void {
    const [first, last] = [points[0], points.at(-1)];
    if (first === undefined || last === undefined) {
      this.#sql.exec("DELETE FROM points WHERE id = ?", id);
      return;
    }
    this.#sql.exec(
      "UPDATE points SET first_end = ?, last_end = ?, points = ?, body = ? WHERE id = ?",
      first[0],
      last[0],
      points.length,
      JSON.stringify(points),
      id,
    );
  }

  /** Adds points of a metric, ascending in their ends. */
  insert(metric: string, points: readonly SealedPoint[], { stepMs, hot, cold }: RowKind): void {
    let run: string[] = [];
    let length = 0;
    let firstEnd = 0;
    let lastEnd = 0;
    const save = (): void => {
      if (run.length === 0) return;
      this.#sql.exec(
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

  #rows<Row extends Record<string, SqlStorageValue>>(query: string, ...bindings: SqlStorageValue[]): Row[] {
    return this.#sql.exec<Row>(query, ...bindings).toArray();
  }
}

function pointsOf({ body }: { body: string }): SealedPoint[] {
  return JSON.parse(body) as SealedPoint[];
}
