import type { ArchivedPoints } from "../archive/point-compaction.ts";
import type { PointSpan } from "../archive/point-file.ts";
import { DAY_MS } from "../archive/point-path.ts";
import type { PointListing } from "../archive/read-points.ts";
import type { FileToRead } from "../archive/read-groups.ts";
import type { RecomputedNote } from "./point-outbox.ts";

/**
 * `point_files` is the catalogue of what one window object has archived, `point_spans` what each file holds of which
 * metric. `recomputed` has the spans whose older points do not count any more. `archived_to` is the last row, and what was
 * written up to it.
 */
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS point_files (
    path TEXT PRIMARY KEY, step_ms INTEGER NOT NULL, begin_ms INTEGER NOT NULL, from_row INTEGER NOT NULL,
    to_row INTEGER NOT NULL, rows INTEGER NOT NULL, text_bytes INTEGER NOT NULL, bytes INTEGER NOT NULL,
    footer_bytes INTEGER NOT NULL
  ) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS point_files_by_time ON point_files (step_ms, begin_ms);
  CREATE TABLE IF NOT EXISTS point_spans (
    metric TEXT NOT NULL, revision INTEGER NOT NULL, step_ms INTEGER NOT NULL, last_end INTEGER NOT NULL,
    first_end INTEGER NOT NULL, path TEXT NOT NULL, PRIMARY KEY (metric, revision, step_ms, last_end, path)
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS recomputed (
    metric TEXT NOT NULL, revision INTEGER NOT NULL, after_ms INTEGER NOT NULL, until_ms INTEGER NOT NULL,
    before_row INTEGER NOT NULL, PRIMARY KEY (metric, revision, after_ms, until_ms)
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS archived_to (
    id INTEGER PRIMARY KEY CHECK (id = 1), row INTEGER NOT NULL, files INTEGER NOT NULL, points INTEGER NOT NULL,
    bytes INTEGER NOT NULL, compactions INTEGER NOT NULL
  );
`;

/** A file that was written. */
export interface WrittenPointFile extends ArchivedPoints, FileToRead {
  stepMs: number;
  spans: PointSpan[];
}

/** What was ever written. `compactions` are files that others were put together to, and count as none of `files`. */
export interface PointArchiveStats {
  files: number;
  points: number;
  bytes: number;
  compactions: number;
}

/** Which archived points of one window object there are, and where. */
export class PointCatalog {
  readonly #storage: DurableObjectStorage;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
    storage.sql.exec(SCHEMA);
  }

  /** The last row that is archived; 0: none. */
  get archivedTo(): number {
    return this.#storage.sql.exec<{ row: number }>("SELECT row FROM archived_to").toArray()[0]?.row ?? 0;
  }

  /** Rows up to `to` are in these files, and in their place others do not count any more: all at once. */
  add(files: readonly WrittenPointFile[], to: number, recomputed: readonly RecomputedNote[]): void {
    this.#storage.transactionSync(() => {
      for (const note of recomputed) this.#recomputed(note);
      for (const file of files) this.#insert(file);
      const sum = (of: "rows" | "bytes"): number => files.reduce((total, file) => total + file[of], 0);
      this.#storage.sql.exec(
        `INSERT INTO archived_to VALUES (1, ?, ?, ?, ?, 0) ON CONFLICT (id) DO UPDATE SET row = max(row, excluded.row),
         files = files + excluded.files, points = points + excluded.points, bytes = bytes + excluded.bytes`,
        to,
        files.length,
        sum("rows"),
        sum("bytes"),
      );
    });
  }

  /** The files of points as they were sealed of a day, in the order of their rows. */
  filesOf(dayMs: number): ArchivedPoints[] {
    const files = this.#storage.sql.exec<Record<keyof ArchivedPoints, number> & { path: string }>(
      `SELECT path, begin_ms AS beginMs, from_row AS "from", to_row AS "to", rows, text_bytes AS textBytes
       FROM point_files WHERE step_ms = 0 AND begin_ms >= ? AND begin_ms < ? ORDER BY from_row, begin_ms`,
      dayMs,
      dayMs + DAY_MS,
    );
    return files.toArray();
  }

  /** Part of a transaction: a file takes the place of those that it was made from. */
  replace(paths: readonly string[], file: WrittenPointFile): void {
    for (const table of ["point_files", "point_spans"]) {
      const query = `DELETE FROM ${table} WHERE path IN (SELECT value FROM json_each(?))`;
      this.#storage.sql.exec(query, JSON.stringify(paths));
    }
    this.#insert(file);
    this.#storage.sql.exec("UPDATE archived_to SET compactions = compactions + 1");
  }

  /** What there is of a metric with ends in `(afterMs, untilMs]`, at one step; 0: as sealed. */
  listing(metric: string, revision: number, stepMs: number, afterMs: number, untilMs: number): PointListing {
    const files = this.#storage.sql.exec<{ path: string; bytes: number; footerBytes: number }>(
      `SELECT path, bytes, footer_bytes AS footerBytes FROM point_spans JOIN point_files USING (path)
       WHERE metric = ? AND revision = ? AND point_spans.step_ms = ? AND last_end > ? AND first_end <= ?
       ORDER BY last_end, path`,
      metric,
      revision,
      stepMs,
      afterMs,
      untilMs,
    );
    const recomputed = this.#storage.sql.exec<{ afterMs: number; untilMs: number; before: number }>(
      `SELECT after_ms AS afterMs, until_ms AS untilMs, before_row AS "before" FROM recomputed
       WHERE metric = ? AND revision = ? AND until_ms > ? AND after_ms < ?`,
      metric,
      revision,
      afterMs,
      untilMs,
    );
    return { files: files.toArray(), recomputed: recomputed.toArray() };
  }

  stats(): PointArchiveStats {
    const query = "SELECT files, points, bytes, compactions FROM archived_to";
    const [stats] = this.#storage.sql.exec<Record<keyof PointArchiveStats, number>>(query);
    return stats ?? { files: 0, points: 0, bytes: 0, compactions: 0 };
  }

  #insert(file: WrittenPointFile): void {
    const { path, stepMs, beginMs, from, to, rows, textBytes, bytes, footerBytes, spans } = file;
    this.#storage.sql.exec(
      "INSERT INTO point_files VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
      path,
      stepMs,
      beginMs,
      from,
      to,
      rows,
      textBytes,
      bytes,
      footerBytes,
    );
    for (const { metric, revision, firstEnd, lastEnd } of spans) {
      this.#storage.sql.exec(
        "INSERT INTO point_spans VALUES (?, ?, ?, ?, ?, ?)",
        metric,
        revision,
        stepMs,
        lastEnd,
        firstEnd,
        path,
      );
    }
  }

  /** A word that comes late takes nothing back. */
  #recomputed({ metric, revision, afterMs, untilMs, before }: RecomputedNote): void {
    this.#storage.sql.exec(
      `INSERT INTO recomputed VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (metric, revision, after_ms, until_ms) DO UPDATE SET before_row = max(before_row, excluded.before_row)`,
      metric,
      revision,
      afterMs,
      untilMs,
      before,
    );
  }
}
