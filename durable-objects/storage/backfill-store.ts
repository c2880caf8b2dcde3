import { type BackfillJob, isActive } from "../backfill/backfill-job.ts";

/** A backfill is a row: it changes once for each chunk. */
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS jobs (
    id INTEGER PRIMARY KEY, metric TEXT NOT NULL, active INTEGER NOT NULL, body TEXT NOT NULL
  );
`;

/** Finished backfills that are remembered. */
const MOST_FINISHED = 200;

type JobRow = { id: number; body: string };

/** The backfills of one project. */
export class BackfillStore {
  readonly #sql: SqlStorage;

  constructor(storage: DurableObjectStorage) {
    this.#sql = storage.sql;
    this.#sql.exec(SCHEMA);
  }

  add(job: Omit<BackfillJob, "id">): BackfillJob {
    const last = this.#sql.exec<{ id: number }>("SELECT coalesce(max(id), 0) AS id FROM jobs").one();
    const id = last.id + 1;
    this.#sql.exec("INSERT INTO jobs VALUES (?, ?, 1, ?)", id, job.metric, JSON.stringify(job));
    this.#sql.exec(
      "DELETE FROM jobs WHERE active = 0 AND id NOT IN (SELECT id FROM jobs WHERE active = 0 ORDER BY id DESC LIMIT ?)",
      MOST_FINISHED,
    );
    return { ...job, id };
  }

  save({ id, ...job }: BackfillJob): void {
    const active = isActive(job) ? 1 : 0;
    this.#sql.exec("UPDATE jobs SET active = ?, body = ? WHERE id = ?", active, JSON.stringify(job), id);
  }

  get(id: number): BackfillJob | undefined {
    return this.#sql.exec<JobRow>("SELECT id, body FROM jobs WHERE id = ?", id).toArray().map(toJob)[0];
  }

  /** A metric's, the newest first. */
  ofMetric(metric: string): BackfillJob[] {
    const rows = this.#sql.exec<JobRow>(
      "SELECT id, body FROM jobs WHERE metric = ? ORDER BY id DESC",
      metric,
    );
    return rows.toArray().map(toJob);
  }

  /** Those that have not come to an end, the oldest first. */
  active(): BackfillJob[] {
    const rows = this.#sql.exec<JobRow>("SELECT id, body FROM jobs WHERE active = 1 ORDER BY id");
    return rows.toArray().map(toJob);
  }
}

function toJob({ id, body }: JobRow): BackfillJob {
  return { ...(JSON.parse(body) as Omit<BackfillJob, "id">), id };
}
