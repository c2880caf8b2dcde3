import { DurableObject } from "cloudflare:workers";
import { bucketOf } from "./archive/archive-bucket.ts";
import { retryPauseMs } from "./archive/cut-policy.ts";
import { compactDueMs } from "./archive/point-compaction.ts";
import { PointCompactor } from "./archive/point-compactor.ts";
import { encodePoints } from "./archive/point-file.ts";
import { dayOf, pointPath } from "./archive/point-path.ts";
import type { PointListing } from "./archive/read-points.ts";
import type { DefinedMetric } from "./engine/compiled-metric.ts";
import type { Env } from "./env.ts";
import { PointChores } from "./storage/point-chores.ts";
import { type PointArchiveStats, PointCatalog, type WrittenPointFile } from "./storage/point-catalog.ts";
import type { OutboxRows } from "./storage/point-outbox.ts";

/**
 * Rows of sealed points, and the definitions of their metrics by the names in the rows. A retry has the same rows, and so
 * writes the same files.
 */
export interface PointBatch extends OutboxRows {
  definitions: Record<string, DefinedMetric>;
}

/** What is listed of a metric: ends in `(afterMs, untilMs]` at one step, 0 being as sealed. */
export interface PointQuestion {
  metric: string;
  revision: number;
  stepMs: number;
  afterMs: number;
  untilMs: number;
}

/** How often files are put together before other alarms have their turn. */
const COMPACTIONS_A_RUN = 8;

/**
 * Writes the sealed points of one window object (it has its name) to the archive, and knows where they are. The window
 * object calls, and repeats what was not answered; the alarm puts the files of days together that are over.
 */
export class PointArchiver extends DurableObject<Env> {
  readonly #object: string;
  readonly #catalog: PointCatalog;
  readonly #chores: PointChores;
  #running: Promise<void> | undefined;
  /** In a row. */
  #failures = 0;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#object = ctx.id.name ?? "";
    this.#catalog = new PointCatalog(ctx.storage);
    this.#chores = new PointChores(ctx.storage);
  }

  /**
   * Archives rows.
   *
   * @param text JSON of a {@link PointBatch}.
   * @returns the last row that is archived.
   */
  async archive(text: string): Promise<number> {
    const { from, to, rows, definitions, recomputed } = JSON.parse(text) as PointBatch;
    if (this.env.ARCHIVE === undefined) return this.#catalog.archivedTo;
    if (to <= this.#catalog.archivedTo) {
      this.#catalog.add([], to, recomputed);
      return this.#catalog.archivedTo;
    }
    const bucket = bucketOf(this.env.ARCHIVE);
    const written: WrittenPointFile[] = [];
    for (const { body, ...file } of encodePoints(rows, (metric) => definitions[metric])) {
      const path = pointPath({ object: this.#object, from, to, ...file });
      await bucket.put(path, body);
      written.push({ ...file, path, from, to, bytes: body.length });
    }
    this.ctx.storage.transactionSync(() => {
      this.#catalog.add(written, to, recomputed);
      const days = written.filter(({ stepMs }) => stepMs === 0).map(({ beginMs }) => dayOf(beginMs));
      for (const dayMs of new Set(days)) this.#chores.noteDay(dayMs, compactDueMs(dayMs, Date.now()));
    });
    await this.#schedule();
    return to;
  }

  override async alarm(): Promise<void> {
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
    await this.#running;
  }

  listing({ metric, revision, stepMs, afterMs, untilMs }: PointQuestion): PointListing {
    return this.#catalog.listing(metric, revision, stepMs, afterMs, untilMs);
  }

  stats(): PointArchiveStats {
    return this.#catalog.stats();
  }

  async #run(): Promise<void> {
    if (this.env.ARCHIVE === undefined) return;
    const bucket = bucketOf(this.env.ARCHIVE);
    const [catalog, chores] = [this.#catalog, this.#chores];
    const compactor = new PointCompactor({
      object: this.#object,
      storage: this.ctx.storage,
      catalog,
      chores,
      bucket,
    });
    try {
      await compactor.collect(Date.now());
      for (let runs = 0; runs < COMPACTIONS_A_RUN && (await compactor.compact(Date.now())); runs++);
      this.#failures = 0;
    } catch (error) {
      this.#failures++;
      // eslint-disable-next-line no-console -- it is tried again, and nothing else tells of it.
      console.error(error);
    }
    await this.#schedule();
  }

  /** Sets the alarm for whatever is to be done next, if anything is, unless it is set for that or sooner. */
  async #schedule(): Promise<void> {
    const { dueMs } = this.#chores;
    if (dueMs === undefined) return;
    const pauseMs = this.#failures === 0 ? 0 : retryPauseMs(this.#failures);
    const wantedMs = Math.max(dueMs, Date.now() + pauseMs);
    const setMs = await this.ctx.storage.getAlarm();
    if (setMs === null || setMs > wantedMs) await this.ctx.storage.setAlarm(wantedMs);
  }
}
