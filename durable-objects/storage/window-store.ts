import type { Definitions } from "../definitions.ts";
import type { EncodedMetricWindows } from "../engine/metric-windows.ts";
import { metricsOf } from "../engine/placement.ts";
import type { SealedPoint } from "../engine/sealed-point.ts";
import {
  type EncodedWindowSet,
  WindowSet,
  type WindowSetOptions,
  type WindowStep,
} from "../engine/window-set.ts";

/**
 * State is a checkpoint and a journal of the steps since: a step is one row, whatever it changes, because rows are
 * what the bill counts. The journal's rows are used again in turn instead of being deleted. `points` holds sealed
 * points in blobs, whose ids are never used again: cursors go by them; `watchers`, which hub wants which metric.
 */
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS journal (
    slot INTEGER PRIMARY KEY, seq INTEGER NOT NULL, now_ms INTEGER NOT NULL, body TEXT NOT NULL
  );
  CREATE TABLE IF NOT EXISTS checkpoint (id INTEGER PRIMARY KEY CHECK (id = 1), seq INTEGER NOT NULL, body TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS metric_state (
    name TEXT NOT NULL, part INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (name, part)
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS points (
    id INTEGER PRIMARY KEY, metric TEXT NOT NULL, first_end INTEGER NOT NULL, last_end INTEGER NOT NULL,
    points INTEGER NOT NULL, body TEXT NOT NULL
  );
  CREATE INDEX IF NOT EXISTS points_by_metric ON points (metric, last_end);
  CREATE TABLE IF NOT EXISTS watchers (hub TEXT NOT NULL, metric TEXT NOT NULL, PRIMARY KEY (hub, metric)) WITHOUT ROWID;
`;

/** Steps between two checkpoints. */
const JOURNAL_SLOTS = 128;
/** A value of SQLite holds 2 MB at most; a character takes up to 3 bytes. */
const MAX_TEXT_LENGTH = 600_000;

/** Rows that are deleted at once where the disk is full. */
const PRUNED_ROWS = 64;

interface Shared {
  definitions: Definitions;
  set: EncodedWindowSet;
  nextPointId: number;
}

/** What is kept of sealed points: since when, and at most how many bytes the database takes. */
export interface PointBounds {
  forgetBeforeMs: number;
  mostBytes: number;
}

/** What a window object keeps on disk. */
export class WindowStore {
  readonly #storage: DurableObjectStorage;
  #seq = 0;
  #checkpointSeq = 0;
  #nextPointId = 1;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
    storage.sql.exec(SCHEMA);
  }

  /**
   * The state as it was after the last step that was journaled.
   *
   * @param begin told of the checkpoint's state, before the steps since are replayed.
   */
  load(
    objectName: string,
    options: WindowSetOptions,
    begin: (set: WindowSet, definitions: Definitions) => void = () => undefined,
  ): { set: WindowSet; definitions: Definitions } {
    const row = this.#rows<{ seq: number; body: string }>("SELECT seq, body FROM checkpoint")[0];
    const shared = row && (JSON.parse(row.body) as Shared);
    const definitions = shared?.definitions ?? { version: -1, metrics: [], views: [] };
    const set = new WindowSet(options, shared?.set);
    const metrics = metricsOf(objectName, definitions.metrics);
    set.define(metrics);
    for (const defined of metrics) {
      const encoded = this.#metricState(defined.metric.name);
      if (encoded !== undefined) set.restoreMetric(defined, encoded);
    }
    this.#seq = this.#checkpointSeq = row?.seq ?? 0;
    this.#nextPointId = shared?.nextPointId ?? 1;
    begin(set, definitions);
    this.#replay(set);
    return { set, definitions };
  }

  /** Journals a step that was taken. False: it is too large for a row, so a checkpoint must hold its effect. */
  append(step: string, nowMs: number): boolean {
    if (step.length > MAX_TEXT_LENGTH) return false;
    this.#seq++;
    const slot = this.#seq % JOURNAL_SLOTS;
    this.#storage.sql.exec(
      "INSERT OR REPLACE INTO journal VALUES (?, ?, ?, ?)",
      slot,
      this.#seq,
      nowMs,
      step,
    );
    return true;
  }

  /** Whether the journal has a slot left. */
  get isFull(): boolean {
    return this.#seq - this.#checkpointSeq >= JOURNAL_SLOTS - 1;
  }

  /** Whether steps were taken since the last checkpoint. */
  get isDirty(): boolean {
    return this.#seq > this.#checkpointSeq;
  }

  /**
   * Writes the whole state and the sealed points, and begins a new journal. One transaction.
   *
   * @param losing told which rows of points are about to be deleted: a condition of SQL and its parameter.
   */
  checkpoint(
    set: WindowSet,
    definitions: Definitions,
    { forgetBeforeMs, mostBytes }: PointBounds,
    losing: (condition: string, parameter: number, reason: "expired" | "disk_full") => void = () => undefined,
  ): void {
    this.#storage.transactionSync(() => {
      for (const windows of set.metrics()) {
        const { name } = windows.compiled.metric;
        this.#savePoints(name, windows.takeSealed());
        if (windows.isUntouched) continue;
        this.#saveMetricState(name, windows.encode());
      }
      const shared: Shared = { definitions, set: set.encode(), nextPointId: this.#nextPointId };
      this.#storage.sql.exec(
        "INSERT OR REPLACE INTO checkpoint VALUES (1, ?, ?)",
        this.#seq,
        JSON.stringify(shared),
      );
      const remove = (condition: string, parameter: number, reason: "expired" | "disk_full"): void => {
        losing(condition, parameter, reason);
        this.#storage.sql.exec(`DELETE FROM points WHERE ${condition}`, parameter);
      };
      remove("last_end < ?", forgetBeforeMs, "expired");
      while (this.#storage.sql.databaseSize > mostBytes) {
        const oldest = this.#rows<{ id: number }>("SELECT id FROM points ORDER BY id LIMIT ?", PRUNED_ROWS);
        const last = oldest.at(-1);
        if (last === undefined) break;
        remove("id <= ?", last.id, "disk_full");
      }
      this.#checkpointSeq = this.#seq;
    });
  }

  /** Sealed points of a metric with their ends in `[fromMs, toMs]`, ascending in their ends. */
  points(metric: string, fromMs: number, toMs: number): SealedPoint[] {
    const rows = this.#rows<{ body: string }>(
      "SELECT body FROM points WHERE metric = ? AND last_end >= ? AND first_end <= ? ORDER BY id",
      metric,
      fromMs,
      toMs,
    );
    return rows.flatMap(({ body }) => JSON.parse(body) as SealedPoint[]);
  }

  /** Removes all that is kept of a metric. */
  forgetMetric(name: string): void {
    this.#storage.sql.exec("DELETE FROM metric_state WHERE name = ?", name);
    this.#storage.sql.exec("DELETE FROM points WHERE metric = ?", name);
  }

  watchers(): { hub: string; metric: string }[] {
    return this.#rows<{ hub: string; metric: string }>("SELECT hub, metric FROM watchers");
  }

  addWatcher(hub: string, metric: string): void {
    this.#storage.sql.exec("INSERT OR IGNORE INTO watchers VALUES (?, ?)", hub, metric);
  }

  removeWatcher(hub: string, metric: string): void {
    this.#storage.sql.exec("DELETE FROM watchers WHERE hub = ? AND metric = ?", hub, metric);
  }

  #replay(set: WindowSet): void {
    const rows = this.#rows<{ seq: number; now_ms: number; body: string }>(
      "SELECT seq, now_ms, body FROM journal WHERE seq > ? ORDER BY seq",
      this.#checkpointSeq,
    );
    for (const { seq, now_ms, body } of rows) {
      set.step(JSON.parse(body) as WindowStep, now_ms);
      this.#seq = seq;
    }
  }

  #metricState(name: string): EncodedMetricWindows | undefined {
    const parts = this.#rows<{ body: string }>(
      "SELECT body FROM metric_state WHERE name = ? ORDER BY part",
      name,
    );
    if (parts.length === 0) return undefined;
    return JSON.parse(parts.map(({ body }) => body).join("")) as EncodedMetricWindows;
  }

  #saveMetricState(name: string, encoded: EncodedMetricWindows): void {
    const body = JSON.stringify(encoded);
    let part = 0;
    for (; part * MAX_TEXT_LENGTH < body.length; part++) {
      const piece = body.slice(part * MAX_TEXT_LENGTH, (part + 1) * MAX_TEXT_LENGTH);
      this.#storage.sql.exec("INSERT OR REPLACE INTO metric_state VALUES (?, ?, ?)", name, part, piece);
    }
    this.#storage.sql.exec("DELETE FROM metric_state WHERE name = ? AND part >= ?", name, part);
  }

  #savePoints(metric: string, points: SealedPoint[]): void {
    let run: string[] = [];
    let length = 0;
    let firstEnd = 0;
    let lastEnd = 0;
    const save = () => {
      if (run.length === 0) return;
      const body = `[${run.join(",")}]`;
      this.#storage.sql.exec(
        "INSERT INTO points VALUES (?, ?, ?, ?, ?, ?)",
        this.#nextPointId++,
        metric,
        firstEnd,
        lastEnd,
        run.length,
        body,
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
    return this.#storage.sql.exec<Row>(query, ...bindings).toArray();
  }
}
