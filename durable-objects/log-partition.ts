import { DurableObject } from "cloudflare:workers";
import type { Env } from "./env.ts";
import { settingsOf } from "./env.ts";
import { RecentSegments } from "./log/recent-segments.ts";
import type { Segment } from "./log/segment.ts";

/**
 * `segments` holds the records, a row for each append: rows are what the bill counts. It keeps its rowid, because
 * without one the tree's keys would be whole rows: every search would read the blobs on its way. `progress` and
 * `archived` are how far the reader and the archiver say that they have got.
 */
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS segments (
    first_offset INTEGER PRIMARY KEY,
    count INTEGER NOT NULL,
    appended_ms INTEGER NOT NULL,
    body BLOB NOT NULL
  );
  CREATE TABLE IF NOT EXISTS progress (id INTEGER PRIMARY KEY CHECK (id = 1), next_offset INTEGER NOT NULL);
  CREATE TABLE IF NOT EXISTS archived (id INTEGER PRIMARY KEY CHECK (id = 1), next_offset INTEGER NOT NULL);
`;

type SegmentRow = { first_offset: number; count: number; appended_ms: number; body: ArrayBuffer };

/** Of each partition: an isolate has 128 MB for all its objects. */
const RECENT_BYTES = 4 * 1024 * 1024;
/** How often, at most, old segments are looked for. */
const SWEEP_EVERY_MS = 60_000;
/** An alarm this long after an append finds the reader, should its wake-up have been lost. */
const WATCHDOG_MS = 10_000;
/** What is not archived is kept beyond the retention, but no longer than this and not in a database beyond that size. */
const ARCHIVE_HOLD_MS = 7 * 86_400_000;
const ARCHIVE_HOLD_BYTES = 5 * 1024 ** 3;

/**
 * One partition of the embedded event log. An instance lives while appends come; its records are in SQLite.
 * It wakes the reader of the same number after an append and keeps what that has not read, however old. The archiver
 * is told once that there is something to archive, and again when it has said how far it has got and there is more.
 */
export class LogPartition extends DurableObject<Env> {
  readonly #recent = new RecentSegments(RECENT_BYTES);
  #endOffset: number;
  #sweptMs = 0;
  #waking = false;
  #watched = false;
  #archiverTold = false;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    ctx.storage.sql.exec(SCHEMA);
    this.#endOffset = this.#storedEnd();
  }

  /**
   * Appends segments in one transaction.
   *
   * @returns the offset of the first record, once all are durable: the output gate holds the answer until then.
   */
  async append(segments: { count: number; body: Uint8Array }[]): Promise<number> {
    const nowMs = Date.now();
    const firstOffset = this.#endOffset;
    this.ctx.storage.transactionSync(() => {
      let offset = firstOffset;
      for (const { count, body } of segments) {
        this.ctx.storage.sql.exec("INSERT INTO segments VALUES (?, ?, ?, ?)", offset, count, nowMs, body);
        offset += count;
      }
      this.#endOffset = offset;
    });
    this.#remember(firstOffset, segments, nowMs);
    if (!this.#watched) await this.#watch(nowMs);
    this.ctx.waitUntil(this.#wakeReader());
    this.#tellArchiver();
    this.sweep(nowMs);
    return firstOffset;
  }

  /** Segments from the one that holds `fromOffset` on, about `maxBytes` of them, at least one if there is one. */
  read(fromOffset: number, maxBytes: number): { segments: Segment[]; endOffset: number } {
    const segments = this.#recent.from(fromOffset, maxBytes) ?? this.#stored(fromOffset, maxBytes);
    return { segments, endOffset: this.#endOffset };
  }

  #remember(firstOffset: number, segments: { count: number; body: Uint8Array }[], appendedMs: number): void {
    let offset = firstOffset;
    for (const { count, body } of segments) {
      this.#recent.push({ firstOffset: offset, count, body, appendedMs });
      offset += count;
    }
  }

  #stored(fromOffset: number, maxBytes: number): Segment[] {
    const segments: Segment[] = [];
    let bytes = 0;
    const rows = this.ctx.storage.sql.exec<SegmentRow>(
      `SELECT first_offset, count, appended_ms, body FROM segments
       WHERE first_offset >= (SELECT coalesce(max(first_offset), 0) FROM segments WHERE first_offset <= ?)
       ORDER BY first_offset`,
      fromOffset,
    );
    for (const { first_offset, count, appended_ms, body } of rows) {
      if (first_offset + count <= fromOffset) continue;
      if (segments.length > 0 && bytes + body.byteLength > maxBytes) break;
      const segment = {
        firstOffset: first_offset,
        count,
        body: new Uint8Array(body),
        appendedMs: appended_ms,
      };
      segments.push(segment);
      bytes += body.byteLength;
    }
    return segments;
  }

  /** Notes how far a reader has got: what is older may go when its time has come. Its words may overtake each other. */
  commit(nextOffset: number, by: "reader" | "archiver" = "reader"): void {
    const table = by === "reader" ? "progress" : "archived";
    this.ctx.storage.sql.exec(
      `INSERT INTO ${table} VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET next_offset = max(next_offset, excluded.next_offset)`,
      nextOffset,
    );
    if (by === "reader") return;
    this.#archiverTold = false;
    if (nextOffset < this.#endOffset) this.#tellArchiver();
  }

  /** First offset held, one past the last, and where the reader says it is. */
  stats(): { earliestOffset: number; endOffset: number; committedOffset: number } {
    const first = this.ctx.storage.sql
      .exec<{ o: number | null }>("SELECT min(first_offset) AS o FROM segments")
      .one().o;
    return {
      earliestOffset: first ?? this.#endOffset,
      endOffset: this.#endOffset,
      committedOffset: this.#nextOffsetOf("progress"),
    };
  }

  override async alarm(): Promise<void> {
    this.#watched = false;
    await this.#wakeReader();
    this.sweep(Date.now());
    if (this.#nextOffsetOf("progress") < this.#endOffset) await this.#watch(Date.now());
  }

  async #watch(nowMs: number): Promise<void> {
    this.#watched = true;
    if ((await this.ctx.storage.getAlarm()) === null) await this.ctx.storage.setAlarm(nowMs + WATCHDOG_MS);
  }

  /** One call at a time: it returns when the reader has come to the end, and is made again if that has moved. */
  async #wakeReader(): Promise<void> {
    if (this.#waking) return;
    this.#waking = true;
    try {
      const reader = this.env.PARTITION_READER.getByName(this.ctx.id.name ?? "");
      let readTo = -1;
      while (readTo < this.#endOffset) {
        const reached = await reader.wake();
        if (reached <= readTo) break;
        readTo = reached;
      }
    } catch {
      // The reader is gone for the moment: the watchdog or the next append wakes it.
    } finally {
      this.#waking = false;
    }
  }

  #tellArchiver(): void {
    if (this.#archiverTold || this.env.ARCHIVE === undefined) return;
    this.#archiverTold = true;
    const archiver = this.env.ARCHIVER.getByName(this.ctx.id.name ?? "");
    this.ctx.waitUntil(
      archiver.wake().catch(() => {
        this.#archiverTold = false;
      }),
    );
  }

  /** Deletes what was read, is archived and is older than the retention, now and then. */
  sweep(nowMs: number): void {
    if (nowMs - this.#sweptMs < SWEEP_EVERY_MS) return;
    this.#sweptMs = nowMs;
    this.#recent.clear();
    const { sql } = this.ctx.storage;
    const keptFromMs = nowMs - settingsOf(this.env).logRetentionMs;
    const holds = this.env.ARCHIVE !== undefined && sql.databaseSize < ARCHIVE_HOLD_BYTES;
    sql.exec(
      `DELETE FROM segments WHERE appended_ms < ? AND first_offset + count <= ? AND first_offset + count < ?
       AND (first_offset + count <= ? OR appended_ms < ?)`,
      keptFromMs,
      this.#nextOffsetOf("progress"),
      this.#endOffset,
      holds ? this.#nextOffsetOf("archived") : this.#endOffset,
      keptFromMs - ARCHIVE_HOLD_MS,
    );
  }

  #nextOffsetOf(table: "progress" | "archived"): number {
    const rows = this.ctx.storage.sql.exec<{ next_offset: number }>(`SELECT next_offset FROM ${table}`);
    return rows.toArray()[0]?.next_offset ?? 0;
  }

  /** The newest segment is never deleted, so that offsets go on from it. */
  #storedEnd(): number {
    const row = this.ctx.storage.sql
      .exec<{ end: number | null }>(
        "SELECT first_offset + count AS end FROM segments ORDER BY first_offset DESC LIMIT 1",
      )
      .toArray()[0];
    return row?.end ?? 0;
  }
}
