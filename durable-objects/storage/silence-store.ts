import type { Group } from "../../protocol/series.ts";
import type { Silence } from "../../protocol/silence.ts";
import { matchesGroups } from "../engine/group-key.ts";

/**
 * `alert_silences` are the silences that are known here and not over; `alert_untold`, the episodes of `alert_episodes` that fire and
 * that nobody has been told of, because a silence is about them.
 */
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS alert_silences (id TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS alert_untold (episode INTEGER PRIMARY KEY, body TEXT NOT NULL);
`;

/** Whose silence it is that nobody has been told. */
export interface UntoldAlert {
  alert: string;
  group: Group;
}

/** What a window object knows of silences, and what is untold because of them. Read once, written with each change. */
export class SilenceStore {
  readonly #sql: SqlStorage;
  #silences: Silence[];
  readonly #untold: Map<number, UntoldAlert>;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    sql.exec(SCHEMA);
    const silences = sql.exec<{ body: string }>("SELECT body FROM alert_silences");
    this.#silences = Array.from(silences, ({ body }) => JSON.parse(body) as Silence);
    const untold = sql.exec<{ episode: number; body: string }>(
      "SELECT episode, body FROM alert_untold ORDER BY episode",
    );
    this.#untold = new Map(
      Array.from(untold, ({ episode, body }) => [episode, JSON.parse(body) as UntoldAlert]),
    );
  }

  /** Takes the silences in force in the place of those before. */
  replace(silences: readonly Silence[]): void {
    this.#silences = [...silences];
    this.#sql.exec("DELETE FROM alert_silences");
    for (const silence of silences) {
      this.#sql.exec("INSERT INTO alert_silences VALUES (?, ?)", silence.id, JSON.stringify(silence));
    }
  }

  /** Forgets the silences that are over. True: there were some. */
  sweep(nowMs: number): boolean {
    const over = this.#silences.filter(({ until }) => until <= nowMs);
    if (over.length === 0) return false;
    for (const { id } of over) this.#sql.exec("DELETE FROM alert_silences WHERE id = ?", id);
    this.#silences = this.#silences.filter(({ until }) => until > nowMs);
    return true;
  }

  /** Whether nobody is to be told of this at `nowMs`. */
  isSilenced({ alert, group }: UntoldAlert, nowMs: number): boolean {
    return this.#silences.some(
      (silence) => silence.alert === alert && silence.until > nowMs && matchesGroups(group, silence.groups),
    );
  }

  /** When the next silence ends, epoch ms; Infinity: there is none. */
  get nextEndMs(): number {
    return Math.min(...this.#silences.map(({ until }) => until));
  }

  /** Episodes that nobody has been told of, the oldest first. */
  get untold(): ReadonlyMap<number, UntoldAlert> {
    return this.#untold;
  }

  /** How many there are of each alert. */
  untoldByAlert(): Map<string, number> {
    const counts = new Map<string, number>();
    for (const { alert } of this.#untold.values()) counts.set(alert, (counts.get(alert) ?? 0) + 1);
    return counts;
  }

  addUntold(episode: number, untold: UntoldAlert): void {
    this.#untold.set(episode, untold);
    this.#sql.exec("INSERT OR REPLACE INTO alert_untold VALUES (?, ?)", episode, JSON.stringify(untold));
  }

  /** False: somebody had been told of it. */
  removeUntold(episode: number): boolean {
    if (!this.#untold.delete(episode)) return false;
    this.#sql.exec("DELETE FROM alert_untold WHERE episode = ?", episode);
    return true;
  }
}
