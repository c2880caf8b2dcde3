import type { BatchIdMemory } from "../engine/batch-id-memory.ts";
import { archivePath, HOUR_MS } from "../archive/archive-path.ts";
import { COMPACT_QUIET_MS, isSmall } from "../archive/compaction.ts";
import type {
  ArchivedFile,
  ArchivedRange,
  ArchiveProgress,
  FileName,
  Plans,
} from "../archive/archived-file.ts";
import type { Cut } from "../archive/cut.ts";
import { ReaderStore } from "./reader-store.ts";

/**
 * `files` is the catalogue: what is not in it is not in the archive. `ranges` is the union of the cuts, a row for
 * each gapless run of them. `plans` are what was begun: it is repeated after a crash. `hours` are to be looked at for
 * compaction, `garbage` are objects to be deleted.
 */
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS files (
    project TEXT NOT NULL, hour_ms INTEGER NOT NULL, from_offset INTEGER NOT NULL, to_offset INTEGER NOT NULL,
    rows INTEGER NOT NULL, bytes INTEGER NOT NULL, text_bytes INTEGER NOT NULL, footer_bytes INTEGER NOT NULL,
    min_ts INTEGER NOT NULL, max_ts INTEGER NOT NULL, names TEXT,
    PRIMARY KEY (project, hour_ms, from_offset)
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS ranges (
    from_offset INTEGER PRIMARY KEY, to_offset INTEGER NOT NULL, cuts INTEGER NOT NULL, rows INTEGER NOT NULL
  );
  CREATE TABLE IF NOT EXISTS plans (kind TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS hours (
    project TEXT NOT NULL, hour_ms INTEGER NOT NULL, due_ms INTEGER NOT NULL, PRIMARY KEY (project, hour_ms)
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS garbage (path TEXT PRIMARY KEY, due_ms INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS progress (id INTEGER PRIMARY KEY CHECK (id = 1), body TEXT NOT NULL);
`;

type Body = { body: string };

interface FileRow extends Record<string, SqlStorageValue> {
  project: string;
  hour_ms: number;
  from_offset: number;
  to_offset: number;
  rows: number;
  bytes: number;
  text_bytes: number;
  footer_bytes: number;
  min_ts: number;
  max_ts: number;
  names: string | null;
}

/** What an archiver keeps on disk. */
export class ArchiveStore {
  readonly #storage: DurableObjectStorage;
  readonly #partition: number;
  /** Cursor, counts of events and memory of batch ids: kept as a partition reader keeps them. */
  readonly reader: ReaderStore;
  #progress: ArchiveProgress;

  constructor(storage: DurableObjectStorage, partition: number) {
    this.#storage = storage;
    this.#partition = partition;
    this.reader = new ReaderStore(storage);
    storage.sql.exec(SCHEMA);
    this.#progress = (bodyOf(storage.sql.exec<Body>("SELECT body FROM progress")) as
      | ArchiveProgress
      | undefined) ?? {
      endOffset: 0,
      toldOffset: 0,
      files: 0,
      bytes: 0,
      compactions: 0,
      retries: 0,
      failures: 0,
      lastError: "",
    };
  }

  get progress(): Readonly<ArchiveProgress> {
    return this.#progress;
  }

  /** Changes what is given; a field that is given as undefined goes. */
  note(change: { [K in keyof ArchiveProgress]?: ArchiveProgress[K] | undefined }): void {
    const progress = { ...this.#progress, ...change } as ArchiveProgress;
    const body = JSON.stringify(progress);
    if (body === JSON.stringify(this.#progress)) return;
    this.#progress = progress;
    this.#storage.sql.exec("INSERT OR REPLACE INTO progress VALUES (1, ?)", body);
  }

  plan<K extends keyof Plans>(kind: K): Plans[K] | undefined {
    const rows = this.#storage.sql.exec<Body>("SELECT body FROM plans WHERE kind = ?", kind);
    return bodyOf(rows) as Plans[K] | undefined;
  }

  /** Puts on disk what is about to be done: it is there before anything is written elsewhere. */
  async begin<K extends keyof Plans>(kind: K, plan: Plans[K]): Promise<void> {
    this.#storage.sql.exec("INSERT OR REPLACE INTO plans VALUES (?, ?)", kind, JSON.stringify(plan));
    await this.#storage.sync();
  }

  /** A cut is written: its files enter the catalogue and the cursor moves, all at once. */
  completeCut(
    range: { from: number; to: number; lostOffsets: number },
    cut: Omit<Cut, "hours">,
    files: readonly ArchivedFile[],
    batchIds: BatchIdMemory,
    receivedMs: number,
    nowMs: number,
  ): void {
    this.#storage.transactionSync(() => {
      for (const file of files) this.#insert(file, nowMs);
      this.#extend(range.from, range.to, cut.events);
      this.#end("cut");
      this.reader.complete(range.to + 1, cut.batches, receivedMs, { ...cut, lostOffsets: range.lostOffsets });
      this.reader.save(batchIds.oldestMs);
      this.#count(files);
    });
  }

  /** A compaction is written: its file takes the place of those that it was made from, all at once. */
  completeCompaction(inputs: readonly ArchivedFile[], file: ArchivedFile, garbageDueMs: number): void {
    this.#storage.transactionSync(() => {
      for (const input of inputs) {
        this.#storage.sql.exec(
          "DELETE FROM files WHERE project = ? AND hour_ms = ? AND from_offset = ?",
          input.project,
          input.hourMs,
          input.from,
        );
        this.#discard(input, garbageDueMs);
      }
      this.#insert(file);
      this.#end("compaction");
      this.note({ compactions: this.#progress.compactions + 1 });
    });
  }

  /** A compaction cannot be done: what may have been written of it is garbage. */
  giveUpCompaction(file: FileName): void {
    this.#storage.transactionSync(() => {
      this.#discard(file, 0);
      this.#end("compaction");
      this.hourIsCompact(file);
    });
  }

  /** The files that may hold events of a project in [fromMs, toMs), in the order of the log within each hour. */
  files(project: string, fromMs: number, toMs: number): ArchivedFile[] {
    const rows = this.#storage.sql.exec<FileRow>(
      `SELECT * FROM files WHERE project = ? AND hour_ms > ? AND hour_ms < ? AND min_ts < ? AND max_ts >= ?
       ORDER BY hour_ms, from_offset`,
      project,
      fromMs - HOUR_MS,
      toMs,
      toMs,
      fromMs,
    );
    return Array.from(rows, toFile);
  }

  /** The greatest event time of a project in files that begin before `offset`, epoch ms; -1: there is none. */
  newestBefore(project: string, offset: number): number {
    const row = this.#storage.sql.exec<{ newest: number | null }>(
      "SELECT max(max_ts) AS newest FROM files WHERE project = ? AND from_offset < ?",
      project,
      offset,
    );
    return row.one().newest ?? -1;
  }

  /** The files of one hour, in the order of the log. */
  filesOf(project: string, hourMs: number): ArchivedFile[] {
    const rows = this.#storage.sql.exec<FileRow>(
      "SELECT * FROM files WHERE project = ? AND hour_ms = ? ORDER BY from_offset",
      project,
      hourMs,
    );
    return Array.from(rows, toFile);
  }

  /** The union of what was cut: one range when nothing is missing. */
  ranges(): ArchivedRange[] {
    const rows = this.#storage.sql.exec<{ from: number; to: number; cuts: number; rows: number }>(
      'SELECT from_offset AS "from", to_offset AS "to", cuts, rows FROM ranges ORDER BY from_offset',
    );
    return rows.toArray();
  }

  pathOf({ project, hourMs, from, to }: FileName): string {
    return archivePath({ project, hourMs, partition: this.#partition, from, to });
  }

  /** An hour whose files may be put together by now. */
  hourToCompact(nowMs: number): { project: string; hourMs: number } | undefined {
    return this.#storage.sql
      .exec<{ project: string; hourMs: number }>(
        "SELECT project, hour_ms AS hourMs FROM hours WHERE due_ms <= ? ORDER BY due_ms LIMIT 1",
        nowMs,
      )
      .toArray()[0];
  }

  hourIsCompact({ project, hourMs }: { project: string; hourMs: number }): void {
    this.#storage.sql.exec("DELETE FROM hours WHERE project = ? AND hour_ms = ?", project, hourMs);
  }

  /** Objects that nobody reads any more. */
  garbage(nowMs: number, most: number): string[] {
    const rows = this.#storage.sql.exec<{ path: string }>(
      "SELECT path FROM garbage WHERE due_ms <= ? LIMIT ?",
      nowMs,
      most,
    );
    return Array.from(rows, ({ path }) => path);
  }

  garbageIsGone(paths: readonly string[]): void {
    for (const path of paths) this.#storage.sql.exec("DELETE FROM garbage WHERE path = ?", path);
  }

  /** When there is something to compact or to delete, epoch ms. */
  choresDueMs(): number | undefined {
    const due = this.#storage.sql
      .exec<{ due: number | null }>(
        "SELECT min(due) AS due FROM (SELECT min(due_ms) AS due FROM hours UNION ALL SELECT min(due_ms) FROM garbage)",
      )
      .one().due;
    return due ?? undefined;
  }

  #insert(file: ArchivedFile, nowMs?: number): void {
    const { project, hourMs, from, to, rows, bytes, textBytes, footerBytes, minTs, maxTs, names } = file;
    this.#storage.sql.exec(
      "INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      project,
      hourMs,
      from,
      to,
      rows,
      bytes,
      textBytes,
      footerBytes,
      minTs,
      maxTs,
      names === undefined ? null : JSON.stringify(names),
    );
    if (nowMs === undefined || !isSmall(file)) return;
    const dueMs = Math.max(nowMs, hourMs + HOUR_MS) + COMPACT_QUIET_MS;
    this.#storage.sql.exec("INSERT OR REPLACE INTO hours VALUES (?, ?, ?)", project, hourMs, dueMs);
  }

  #extend(from: number, to: number, rows: number): void {
    const { sql } = this.#storage;
    const joined = sql.exec(
      "UPDATE ranges SET to_offset = ?, cuts = cuts + 1, rows = rows + ? WHERE to_offset = ? RETURNING 1",
      to,
      rows,
      from - 1,
    );
    if (joined.toArray().length === 0) sql.exec("INSERT INTO ranges VALUES (?, ?, 1, ?)", from, to, rows);
  }

  #count(files: readonly ArchivedFile[]): void {
    this.note({
      files: this.#progress.files + files.length,
      bytes: this.#progress.bytes + files.reduce((sum, { bytes }) => sum + bytes, 0),
    });
  }

  #discard(file: FileName, dueMs: number): void {
    this.#storage.sql.exec("INSERT OR REPLACE INTO garbage VALUES (?, ?)", this.pathOf(file), dueMs);
  }

  #end(kind: keyof Plans): void {
    this.#storage.sql.exec("DELETE FROM plans WHERE kind = ?", kind);
  }
}

function bodyOf(rows: SqlStorageCursor<Body>): unknown {
  const row = rows.toArray()[0];
  return row === undefined ? undefined : JSON.parse(row.body);
}

function toFile(row: FileRow): ArchivedFile {
  const file: ArchivedFile = {
    project: row.project,
    hourMs: row.hour_ms,
    from: row.from_offset,
    to: row.to_offset,
    rows: row.rows,
    bytes: row.bytes,
    textBytes: row.text_bytes,
    footerBytes: row.footer_bytes,
    minTs: row.min_ts,
    maxTs: row.max_ts,
  };
  if (row.names !== null) file.names = JSON.parse(row.names) as string[];
  return file;
}
