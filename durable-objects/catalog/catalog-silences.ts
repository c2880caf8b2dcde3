import { LIMITS } from "../../protocol/limits.ts";
import type { Group } from "../../protocol/series.ts";
import type { Silence, SilenceRequest } from "../../protocol/silence.ts";

/** `scope` is the JSON of the groups, "" for all: an alert has one silence of each scope. */
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS silences (
    project TEXT NOT NULL, alert TEXT NOT NULL, scope TEXT NOT NULL, id TEXT NOT NULL, comment TEXT NOT NULL,
    created_ms INTEGER NOT NULL, until_ms INTEGER NOT NULL, PRIMARY KEY (project, alert, scope)
  ) WITHOUT ROWID;
`;

interface SilenceRow extends Record<string, SqlStorageValue> {
  alert: string;
  scope: string;
  id: string;
  comment: string;
  created_ms: number;
  until_ms: number;
}

/** The silences that the catalog holds; those that are over are swept when one is added. */
export class CatalogSilences {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
    sql.exec(SCHEMA);
  }

  /** Makes a silence, or gives the one of the same alert and groups another end and comment; undefined: too many. */
  put(
    project: string,
    { alert, groups, comment, untilMs }: SilenceRequest,
    nowMs: number,
  ): Silence | undefined {
    this.#sql.exec("DELETE FROM silences WHERE project = ? AND until_ms <= ?", project, nowMs);
    const scope = groups === undefined ? "" : JSON.stringify(groups);
    const known = this.#rows(project, nowMs);
    const before = known.find((row) => row.alert === alert && row.scope === scope);
    if (before === undefined && known.length >= LIMITS.silencesPerProject) return undefined;
    const row = {
      alert,
      scope,
      id: before?.id ?? crypto.randomUUID(),
      comment,
      created_ms: before?.created_ms ?? nowMs,
      until_ms: untilMs,
    };
    this.#sql.exec(
      "INSERT OR REPLACE INTO silences VALUES (?, ?, ?, ?, ?, ?, ?)",
      project,
      alert,
      scope,
      row.id,
      comment,
      row.created_ms,
      untilMs,
    );
    return silenceOf(row);
  }

  /** False when there is none of this id. */
  delete(project: string, id: string): boolean {
    return this.#sql.exec("DELETE FROM silences WHERE project = ? AND id = ?", project, id).rowsWritten > 0;
  }

  /** The alert is gone. */
  deleteOf(project: string, alert: string): void {
    this.#sql.exec("DELETE FROM silences WHERE project = ? AND alert = ?", project, alert);
  }

  /** Those that are not over at `nowMs`, the next to end first. */
  list(project: string, nowMs: number): Silence[] {
    return this.#rows(project, nowMs).map(silenceOf);
  }

  #rows(project: string, nowMs: number): SilenceRow[] {
    return this.#sql
      .exec<SilenceRow>(
        `SELECT alert, scope, id, comment, created_ms, until_ms FROM silences
         WHERE project = ? AND until_ms > ? ORDER BY until_ms, alert, scope`,
        project,
        nowMs,
      )
      .toArray();
  }
}

function silenceOf({ alert, scope, id, comment, created_ms, until_ms }: SilenceRow): Silence {
  return {
    id,
    alert,
    ...(scope === "" ? {} : { groups: JSON.parse(scope) as Group[] }),
    comment,
    createdAt: created_ms,
    until: until_ms,
  };
}
