import type { PointSpan } from "../archive/point-file.ts";
import type { PointListing } from "../archive/read-points.ts";
import type { FileToRead } from "../archive/read-groups.ts";
import type { RecomputedNote } from "./point-outbox.ts";

/**
 * `point_files` is the catalogue of what one window object has archived, `point_spans` what each file holds of which
 * metric. `recomputed` has the spans whose older points do not count any more. `archived_to` is the last row.
 */
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS point_files (
    path TEXT PRIMARY KEY, step_ms INTEGER NOT NULL, rows INTEGER NOT NULL, bytes INTEGER NOT NULL,
    footer_bytes INTEGER NOT NULL
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS point_spans (
    metric TEXT NOT NULL, revision INTEGER NOT NULL, step_ms INTEGER NOT NULL, last_end INTEGER NOT NULL,
    first_end INTEGER NOT NULL, path TEXT NOT NULL, PRIMARY KEY (metric, revision, step_ms, last_end, path)
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS recomputed (
    metric TEXT NOT NULL, revision INTEGER NOT NULL, after_ms INTEGER NOT NULL, until_ms INTEGER NOT NULL,
    before_row INTEGER NOT NULL, PRIMARY KEY (metric, revision, after_ms, until_ms)
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS archived_to (id INTEGER PRIMARY KEY CHECK (id = 1), row INTEGER NOT NULL);
`;

/** A file that was written. */
export interface WrittenPointFile extends FileToRead {
  stepMs: number;
  rows: number;
  spans: PointSpan[];
}

export interface PointArchiveStats {
  files: number;
  points: number;
  bytes: number;
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
      for (const { path, stepMs, rows, bytes, footerBytes, spans } of files) {
        this.#storage.sql.exec("DELETE FROM point_spans WHERE path = ?", path);
        this.#storage.sql.exec(
          "INSERT OR REPLACE INTO point_files VALUES (?, ?, ?, ?, ?)",
          path,
          stepMs,
          rows,
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
      this.#storage.sql.exec(
        "INSERT INTO archived_to VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET row = max(row, excluded.row)",
        to,
      );
    });
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
    return this.#storage.sql
      .exec<{ files: number; points: number; bytes: number }>(
        "SELECT count(*) AS files, coalesce(sum(rows), 0) AS points, coalesce(sum(bytes), 0) AS bytes FROM point_files",
      )
      .one();
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
