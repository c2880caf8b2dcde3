import type { WatcherStore } from "../window/watcher-list.ts";

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS children (hub TEXT NOT NULL, metric TEXT NOT NULL, PRIMARY KEY (hub, metric)) WITHOUT ROWID;
`;

/** Which hubs get which metrics from this one, on disk. */
export class ChildHubs implements WatcherStore {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    sql.exec(SCHEMA);
  }

  watchers(): { hub: string; metric: string }[] {
    return this.#sql.exec<{ hub: string; metric: string }>("SELECT hub, metric FROM children").toArray();
  }

  addWatcher(hub: string, metric: string): void {
    this.#sql.exec("INSERT OR IGNORE INTO children VALUES (?, ?)", hub, metric);
  }

  removeWatcher(hub: string, metric: string): void {
    this.#sql.exec("DELETE FROM children WHERE hub = ? AND metric = ?", hub, metric);
  }
}
