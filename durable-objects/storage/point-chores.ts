import type { ArchivedPoints } from "../archive/point-compaction.ts";

/**
 * `point_days` are to be looked at for compaction, `point_plan` is the one that was begun: it is repeated after a crash.
 * `point_garbage` are objects to be deleted.
 */
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS point_days (day_ms INTEGER PRIMARY KEY, due_ms INTEGER NOT NULL);
  CREATE TABLE IF NOT EXISTS point_plan (id INTEGER PRIMARY KEY CHECK (id = 1), body TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS point_garbage (path TEXT PRIMARY KEY, due_ms INTEGER NOT NULL) WITHOUT ROWID;
`;

/** Files of one day that become one. */
export interface PointCompaction {
  dayMs: number;
  inputs: ArchivedPoints[];
  /** Of the file that they become. */
  path: string;
}

/** What a point archiver has to do later. */
export class PointChores {
  readonly #storage: DurableObjectStorage;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
    storage.sql.exec(SCHEMA);
  }

  /** When there is something to do next, epoch ms; undefined: there is nothing. */
  get dueMs(): number | undefined {
    if (this.plan() !== undefined) return 0;
    const due = this.#storage.sql.exec<{ due: number | null }>(
      "SELECT min(due) AS due FROM (SELECT min(due_ms) AS due FROM point_days UNION ALL SELECT min(due_ms) FROM point_garbage)",
    );
    return due.one().due ?? undefined;
  }

  /** A file of a day has come: its files are put together at `dueMs` at the earliest. */
  noteDay(dayMs: number, dueMs: number): void {
    this.#storage.sql.exec("INSERT OR REPLACE INTO point_days VALUES (?, ?)", dayMs, dueMs);
  }

  /** A day whose files may be put together by now. */
  dueDay(nowMs: number): number | undefined {
    const query = "SELECT day_ms AS dayMs FROM point_days WHERE due_ms <= ? ORDER BY due_ms, day_ms LIMIT 1";
    return this.#storage.sql.exec<{ dayMs: number }>(query, nowMs).toArray()[0]?.dayMs;
  }

  /** There is nothing more to put together of a day, unless a file of it has come meanwhile. */
  dayIsDone(dayMs: number, nowMs: number): void {
    this.#storage.sql.exec("DELETE FROM point_days WHERE day_ms = ? AND due_ms <= ?", dayMs, nowMs);
  }

  plan(): PointCompaction | undefined {
    const row = this.#storage.sql.exec<{ body: string }>("SELECT body FROM point_plan").toArray()[0];
    return row && (JSON.parse(row.body) as PointCompaction);
  }

  /** Puts on disk what is about to be done: it is there before anything is written elsewhere. */
  async begin(plan: PointCompaction): Promise<void> {
    this.#storage.sql.exec("INSERT OR REPLACE INTO point_plan VALUES (1, ?)", JSON.stringify(plan));
    this.#storage.sql.exec("DELETE FROM point_garbage WHERE path = ?", plan.path);
    await this.#storage.sync();
  }

  /** What was begun is done, or given up: these objects are to be deleted then. */
  end(garbage: readonly string[], dueMs: number): void {
    for (const path of garbage)
      this.#storage.sql.exec("INSERT OR REPLACE INTO point_garbage VALUES (?, ?)", path, dueMs);
    this.#storage.sql.exec("DELETE FROM point_plan");
  }

  /** Objects that nobody reads any more. */
  garbage(nowMs: number, most: number): string[] {
    const query = "SELECT path FROM point_garbage WHERE due_ms <= ? LIMIT ?";
    return Array.from(this.#storage.sql.exec<{ path: string }>(query, nowMs, most), ({ path }) => path);
  }

  garbageIsGone(paths: readonly string[]): void {
    for (const path of paths) this.#storage.sql.exec("DELETE FROM point_garbage WHERE path = ?", path);
  }
}
