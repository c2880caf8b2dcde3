import type { AlertEpisode, AlertNotification, ResolveReason } from "../../protocol/alert.ts";
import { LIMITS } from "../../protocol/limits.ts";
import type { KeptEpisode } from "../alerts/episode-pages.ts";
import type { EncodedAlerts } from "../engine/alerts/alert-set.ts";

/**
 * `alert_set` is the state of the rules as of the last checkpoint, in pieces; `alert_meta`, which rules and secrets are
 * known and what is counted; `alert_episodes`, what fired; `alert_outbox`, notifications that no webhook has taken yet.
 */
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS alert_set (part INTEGER PRIMARY KEY, body TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS alert_meta (id INTEGER PRIMARY KEY CHECK (id = 1), body TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS alert_episodes (
    id INTEGER PRIMARY KEY, fired_ms INTEGER NOT NULL, resolved_ms INTEGER, body TEXT NOT NULL
  );
  CREATE INDEX IF NOT EXISTS alert_episodes_by_time ON alert_episodes (fired_ms);
  CREATE TABLE IF NOT EXISTS alert_outbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT, alert TEXT NOT NULL, url TEXT NOT NULL, notification_id TEXT NOT NULL,
    body TEXT NOT NULL
  );
  CREATE INDEX IF NOT EXISTS alert_outbox_by_alert ON alert_outbox (alert, id);
`;

/** A value of SQLite holds 2 MB at most; a character takes up to 3 bytes. */
const MAX_TEXT_LENGTH = 600_000;

/** What is known of the catalog's rules, and what has been counted. */
export interface AlertMeta {
  /** Of the project's rules and secrets; -1: none are known. */
  version: number;
  /** The newest first. */
  secrets: string[];
  fired: number;
  resolved: number;
  /** Of those that fired: in a silence. */
  silenced: number;
  delivered: number;
  /** Deliveries that failed and are repeated, by reason. */
  retries: Record<string, number>;
  /** Notifications that will not arrive, by reason. */
  dropped: Record<string, number>;
  /** Since when the rules are gone of which something waits, epoch ms. */
  gone: Record<string, number>;
}

/** A notification that waits. */
export interface WaitingNotification {
  id: number;
  alert: string;
  url: string;
  notificationId: string;
  /** JSON of an {@link AlertNotification}. */
  body: string;
}

interface EpisodeRow extends Record<string, SqlStorageValue> {
  id: number;
  fired_ms: number;
  resolved_ms: number | null;
  body: string;
}

/** Which alerts are asked for: those that were firing at some time in `[fromMs, toMs]`, at most `most`. */
export interface EpisodeQuestion {
  fromMs: number;
  toMs: number;
  most: number;
  /** Only what fired before a moment, and of what fired in it only lesser ids. */
  before?: { firedAt: number; idsBelow: number };
}

/** What of an episode is in its row as JSON. */
export type EpisodeBody = Omit<AlertEpisode, "firedAt" | "resolvedAt">;

/** What a window object keeps of its alerts on disk. */
export class AlertStore {
  readonly #sql: SqlStorage;
  readonly meta: AlertMeta;

  constructor(storage: DurableObjectStorage) {
    this.#sql = storage.sql;
    this.#sql.exec(SCHEMA);
    const saved = this.#sql.exec<{ body: string }>("SELECT body FROM alert_meta").toArray()[0];
    this.meta = { ...newMeta(), ...(saved && (JSON.parse(saved.body) as AlertMeta)) };
  }

  saveMeta(): void {
    this.#sql.exec("INSERT OR REPLACE INTO alert_meta VALUES (1, ?)", JSON.stringify(this.meta));
  }

  /** The state of the rules as of the last checkpoint. */
  loadSet(): EncodedAlerts | undefined {
    const parts = this.#sql.exec<{ body: string }>("SELECT body FROM alert_set ORDER BY part").toArray();
    if (parts.length === 0) return undefined;
    return JSON.parse(parts.map(({ body }) => body).join("")) as EncodedAlerts;
  }

  saveSet(encoded: EncodedAlerts): void {
    const body = JSON.stringify(encoded);
    let part = 0;
    for (; part * MAX_TEXT_LENGTH < body.length; part++) {
      const piece = body.slice(part * MAX_TEXT_LENGTH, (part + 1) * MAX_TEXT_LENGTH);
      this.#sql.exec("INSERT OR REPLACE INTO alert_set VALUES (?, ?)", part, piece);
    }
    this.#sql.exec("DELETE FROM alert_set WHERE part >= ?", part);
  }

  /** An alert fires. */
  beginEpisode(id: number, firedAt: number, body: EpisodeBody): void {
    this.#sql.exec(
      "INSERT OR REPLACE INTO alert_episodes VALUES (?, ?, NULL, ?)",
      id,
      firedAt,
      JSON.stringify(body),
    );
    this.#sql.exec(
      "DELETE FROM alert_episodes WHERE resolved_ms IS NOT NULL AND id <= ?",
      id - LIMITS.alertEpisodes,
    );
  }

  /** An alert is resolved. */
  endEpisode(id: number, resolvedAt: number, resolvedValue: number | null, reason?: ResolveReason): void {
    const row = this.#sql.exec<EpisodeRow>("SELECT * FROM alert_episodes WHERE id = ?", id).toArray()[0];
    if (row === undefined) return;
    const body: EpisodeBody = { ...(JSON.parse(row.body) as EpisodeBody), resolvedValue };
    if (reason !== undefined) body.reason = reason;
    this.#sql.exec(
      "UPDATE alert_episodes SET resolved_ms = ?, body = ? WHERE id = ?",
      resolvedAt,
      JSON.stringify(body),
      id,
    );
  }

  /**
   * A silence has ended while the alert fires: it is told at `toldAt`.
   *
   * @returns what fired; undefined: there is no such episode.
   */
  tellEpisode(id: number, toldAt: number): { firedAt: number; firedValue: number | null } | undefined {
    const row = this.#sql.exec<EpisodeRow>("SELECT * FROM alert_episodes WHERE id = ?", id).toArray()[0];
    if (row === undefined) return undefined;
    const body: EpisodeBody = { ...(JSON.parse(row.body) as EpisodeBody), toldAt };
    this.#sql.exec("UPDATE alert_episodes SET body = ? WHERE id = ?", JSON.stringify(body), id);
    return { firedAt: row.fired_ms, firedValue: body.firedValue };
  }

  /** Alerts that were firing at some time, newest first. */
  episodes({ fromMs, toMs, most, before }: EpisodeQuestion): KeptEpisode[] {
    const { firedAt, idsBelow } = before ?? { firedAt: toMs, idsBelow: Number.MAX_SAFE_INTEGER };
    const rows = this.#sql.exec<EpisodeRow>(
      `SELECT * FROM alert_episodes WHERE fired_ms <= ? AND (fired_ms <> ? OR id < ?)
       AND (resolved_ms IS NULL OR resolved_ms >= ?) ORDER BY fired_ms DESC, id DESC LIMIT ?`,
      Math.min(toMs, firedAt),
      firedAt,
      idsBelow,
      fromMs,
      most,
    );
    return Array.from(rows, ({ id, fired_ms, resolved_ms, body }) => {
      const times = { firedAt: fired_ms, resolvedAt: resolved_ms };
      return { id, episode: { ...(JSON.parse(body) as EpisodeBody), ...times } };
    });
  }

  /** A notification is to be delivered. Of too many that wait, the oldest go. */
  enqueue(url: string, notification: AlertNotification): void {
    this.#sql.exec(
      "INSERT INTO alert_outbox (alert, url, notification_id, body) VALUES (?, ?, ?, ?)",
      notification.alert,
      url,
      notification.id,
      JSON.stringify(notification),
    );
    const surplus = this.waiting - LIMITS.waitingNotifications;
    if (surplus <= 0) return;
    this.#sql.exec(
      "DELETE FROM alert_outbox WHERE id IN (SELECT id FROM alert_outbox ORDER BY id LIMIT ?)",
      surplus,
    );
    count(this.meta.dropped, "full", surplus);
  }

  /** The alerts with notifications that wait, and how many. */
  waitingByAlert(): Map<string, number> {
    const rows = this.#sql.exec<{ alert: string; n: number }>(
      "SELECT alert, count(*) AS n FROM alert_outbox GROUP BY alert ORDER BY min(id)",
    );
    return new Map(Array.from(rows, ({ alert, n }) => [alert, n]));
  }

  get waiting(): number {
    return this.#sql.exec<{ n: number }>("SELECT count(*) AS n FROM alert_outbox").one().n;
  }

  /** The oldest notification of an alert that waits. */
  nextWaiting(alert: string): WaitingNotification | undefined {
    const rows = this.#sql.exec<{ id: number; url: string; notification_id: string; body: string }>(
      "SELECT id, url, notification_id, body FROM alert_outbox WHERE alert = ? ORDER BY id LIMIT 1",
      alert,
    );
    const row = rows.toArray()[0];
    return row && { id: row.id, alert, url: row.url, notificationId: row.notification_id, body: row.body };
  }

  delivered(id: number): void {
    this.#sql.exec("DELETE FROM alert_outbox WHERE id = ?", id);
    this.meta.delivered++;
    this.saveMeta();
  }

  /** What waits of an alert will not be sent. */
  drop(alert: string, reason: string): void {
    const waiting = this.waitingByAlert().get(alert) ?? 0;
    this.#sql.exec("DELETE FROM alert_outbox WHERE alert = ?", alert);
    count(this.meta.dropped, reason, waiting);
    this.saveMeta();
  }

  retried(reason: string): void {
    count(this.meta.retries, reason, 1);
    this.saveMeta();
  }
}

function count(counts: Record<string, number>, reason: string, n: number): void {
  counts[reason] = (counts[reason] ?? 0) + n;
}

function newMeta(): AlertMeta {
  return {
    version: -1,
    secrets: [],
    fired: 0,
    resolved: 0,
    silenced: 0,
    delivered: 0,
    retries: {},
    dropped: {},
    gone: {},
  };
}
