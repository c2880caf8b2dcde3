import type { Definitions } from "../catalog/definitions.ts";
import type { EncodedMetricWindows } from "../engine/metric-windows.ts";
import { metricsOf } from "../engine/placement.ts";
import {
  type EncodedWindowSet,
  WindowSet,
  type WindowSetOptions,
  type WindowStep,
} from "../engine/window-set.ts";
import { PointStore } from "./point-store.ts";

/**
 * State is a checkpoint and a journal of the steps since: a step is one row, whatever it changes, because rows are
 * what the bill counts. The journal's rows are used again in turn instead of being deleted. `watchers`: which hub wants
 * which metric. Sealed points are in a {@link PointStore}.
 */
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS journal (
    slot INTEGER PRIMARY KEY, seq INTEGER NOT NULL, now_ms INTEGER NOT NULL, body TEXT NOT NULL
  );
  CREATE TABLE IF NOT EXISTS checkpoint (id INTEGER PRIMARY KEY CHECK (id = 1), seq INTEGER NOT NULL, body TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS metric_state (
    name TEXT NOT NULL, part INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (name, part)
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS watchers (hub TEXT NOT NULL, metric TEXT NOT NULL, PRIMARY KEY (hub, metric)) WITHOUT ROWID;
`;

/** Steps between two checkpoints. */
const JOURNAL_SLOTS = 128;
/** A value of SQLite holds 2 MB at most; a character takes up to 3 bytes. */
const MAX_TEXT_LENGTH = 600_000;

interface Shared {
  definitions: Definitions;
  set: EncodedWindowSet;
  nextPointId: number;
}

/** What a window object keeps on disk. */
export class WindowStore {
  readonly #storage: DurableObjectStorage;
  #seq = 0;
  #checkpointSeq = 0;
  readonly points: PointStore;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
    this.points = new PointStore(storage);
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
    this.points.rows.nextId = shared?.nextPointId ?? 1;
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
   * @param keepPoints is part of it: what else is done with the points.
   */
  checkpoint(set: WindowSet, definitions: Definitions, keepPoints: (points: PointStore) => void): void {
    this.#storage.transactionSync(() => {
      for (const windows of set.metrics()) {
        const { name } = windows.compiled.metric;
        this.points.add(name, windows.takeSealed());
        if (windows.isUntouched) continue;
        this.#saveMetricState(name, windows.encode());
      }
      keepPoints(this.points);
      const shared: Shared = { definitions, set: set.encode(), nextPointId: this.points.rows.nextId };
      this.#storage.sql.exec(
        "INSERT OR REPLACE INTO checkpoint VALUES (1, ?, ?)",
        this.#seq,
        JSON.stringify(shared),
      );
      this.#checkpointSeq = this.#seq;
    });
  }

  /** Removes a metric's windows. */
  forgetMetric(name: string): void {
    this.#storage.sql.exec("DELETE FROM metric_state WHERE name = ?", name);
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

  #rows<Row extends Record<string, SqlStorageValue>>(query: string, ...bindings: SqlStorageValue[]): Row[] {
    return this.#storage.sql.exec<Row>(query, ...bindings).toArray();
  }
}
