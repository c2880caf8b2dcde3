import { DurableObject } from "cloudflare:workers";
import type { Event } from "../protocol/event.ts";
import type { Metric } from "../protocol/metric.ts";
import { bucketOf } from "./archive/archive-bucket.ts";
import { PartitionArchive } from "./archive/archive-partition.ts";
import type { ArchivedFile, ArchivedRange } from "./archive/archived-file.ts";
import { retryPauseMs } from "./archive/cut-policy.ts";
import { type ExploreShare, foldTail } from "./archive/log-tail.ts";
import { BatchIdMemory } from "./engine/batch-id-memory.ts";
import { type CompiledMetric, compileMetric } from "./engine/compiled-metric.ts";
import { type Env, settingsOf } from "./env.ts";
import { openSource } from "./log/open-log.ts";
import { ArchiveStore } from "./storage/archive-store.ts";
import type { ReaderCounts } from "./storage/reader-store.ts";

/** How an archiver does, for `/metrics` and `/healthz`. */
export interface ArchiverStats extends ReaderCounts {
  partition: number;
  nextOffset: number;
  endOffset: number;
  /** When the oldest record arrived that waits, epoch ms, about; absent: none waits. */
  waitingSinceMs?: number;
  files: number;
  bytes: number;
  compactions: number;
  retries: number;
  lastError: string;
}

/** What a query needs to know: the files to read, and where in the log that which is not in any file begins. */
export interface ArchiveListing {
  files: (ArchivedFile & { path: string })[];
  nextOffset: number;
}

/** A run may take 30 s of CPU: a cut takes a quarter of a second. */
const CUTS_A_RUN = 16;

/**
 * Writes one partition (its name is the number) to the archive. It works when its alarm says so and is gone in
 * between, connection and all: being woken only sets the alarm. With nothing to archive there is none.
 */
export class Archiver extends DurableObject<Env> {
  readonly #partition: number;
  readonly #store: ArchiveStore;
  #running: Promise<void> | undefined;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#partition = Number(ctx.id.name);
    this.#store = new ArchiveStore(ctx.storage, this.#partition);
  }

  /** There is something to archive: it will be, when its time has come. */
  async wake(): Promise<void> {
    if (this.env.ARCHIVE === undefined) return;
    const nowMs = Date.now();
    if (this.#store.progress.cutDueMs === undefined) {
      this.#store.note({ waitingSinceMs: nowMs, cutDueMs: nowMs + settingsOf(this.env).archiveEveryMs });
    }
    await this.#schedule(nowMs);
  }

  /**
   * Sees to it that what the log holds is archived, should a word have been lost.
   *
   * @param endOffset of the partition, as its reader knows it.
   */
  async kick(endOffset: number): Promise<ArchiverStats> {
    if (this.env.ARCHIVE === undefined) return this.stats();
    if (endOffset > this.#store.reader.nextOffset) await this.wake();
    else await this.#schedule(Date.now());
    return this.stats();
  }

  stats(): ArchiverStats {
    const { waitingSinceMs, endOffset, files, bytes, compactions, retries, lastError } = this.#store.progress;
    const { counts, nextOffset } = this.#store.reader;
    const stats = { ...counts, nextOffset, endOffset, files, bytes, compactions, retries, lastError };
    const all: ArchiverStats = { ...stats, partition: this.#partition };
    return waitingSinceMs === undefined ? all : { ...all, waitingSinceMs };
  }

  /** The files that may hold events of a project in [fromMs, toMs), epoch ms. */
  files(project: string, fromMs: number, toMs: number): ArchiveListing {
    const files = this.#store.files(project, fromMs, toMs);
    return {
      files: files.map((file) => ({ ...file, path: this.#store.pathOf(file) })),
      nextOffset: this.#store.reader.nextOffset,
    };
  }

  /** Where an event of a project is that stands at `offset` and happened at `ts`, epoch ms; without a path: in the log alone. */
  archivedAt(project: string, offset: number, ts: number): { path?: string; stats: ArchiverStats } {
    const file = this.#store
      .files(project, ts, ts + 1)
      .find(({ from, to }) => from <= offset && offset <= to);
    return { ...(file && { path: this.#store.pathOf(file) }), stats: this.stats() };
  }

  /**
   * The greatest event time of a project before `offset`, or somewhat later, epoch ms; -1: there is none, null: not all
   * of that is archived.
   */
  newestBefore(project: string, offset: number): number | null {
    return offset > this.#store.reader.nextOffset ? null : this.#store.newestBefore(project, offset);
  }

  /**
   * What one partition knows of past events for a metric: the files that may hold some in [fromMs, toMs), epoch ms,
   * and what lies behind them in the log, folded.
   *
   * @returns JSON of an `ExploreShare`.
   */
  async explore(project: string, metric: Metric, fromMs: number, toMs: number): Promise<string> {
    // The listing and the cursor are of one moment: what is archived while the tail is read is in the tail.
    const { files, nextOffset } = this.files(project, fromMs, toMs);
    const batchIds = new BatchIdMemory(settingsOf(this.env).dedupWindowMs);
    this.#store.reader.recall(batchIds);
    const source = openSource(this.env, this.#partition, "archiver");
    try {
      const tail = await foldTail(source, nextOffset, {
        partition: this.#partition,
        project,
        compiled: within(compileMetric({ metric, revision: 0 }), fromMs, toMs),
        batchIds,
      });
      return JSON.stringify({ files, tail } satisfies ExploreShare);
    } finally {
      await source.close();
    }
  }

  /** What is archived of the log: one range when nothing is missing. */
  ranges(): ArchivedRange[] {
    return this.#store.ranges();
  }

  override async alarm(): Promise<void> {
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
    await this.#running;
  }

  async #run(): Promise<void> {
    if (this.env.ARCHIVE === undefined) return;
    let more = false;
    try {
      more = await this.#archive(this.env.ARCHIVE);
      this.#store.note({ failures: 0, lastError: "" });
    } catch (error) {
      const { retries, failures } = this.#store.progress;
      const lastError = error instanceof Error ? error.message : String(error);
      this.#store.note({ retries: retries + 1, failures: failures + 1, lastError });
    }
    await this.#schedule(Date.now(), more);
  }

  /** @returns whether there is more to do at once. */
  async #archive(r2: R2Bucket): Promise<boolean> {
    const { archiveEveryMs, dedupWindowMs } = settingsOf(this.env);
    const source = openSource(this.env, this.#partition, "archiver");
    try {
      const archive = new PartitionArchive({
        store: this.#store,
        source,
        bucket: bucketOf(r2),
        everyMs: archiveEveryMs,
        dedupWindowMs,
      });
      let more = true;
      for (let cuts = 0; more && cuts < CUTS_A_RUN; cuts++) more = await archive.cut(Date.now());
      const { nextOffset } = this.#store.reader;
      if (nextOffset > this.#store.progress.toldOffset) {
        await source.commit(nextOffset);
        this.#store.note({ toldOffset: nextOffset });
      }
      if (more) return true;
      await archive.collect(Date.now());
      return await archive.compact(Date.now());
    } finally {
      await source.close();
    }
  }

  /** Sets the alarm for whatever is to be done next, if anything is, unless it is set for that or sooner. */
  async #schedule(nowMs: number, more = false): Promise<void> {
    const { failures, cutDueMs } = this.#store.progress;
    const due = [cutDueMs, this.#store.choresDueMs()].filter((ms) => ms !== undefined);
    if (more) due.push(nowMs);
    if (due.length === 0 && failures === 0) return;
    const wantedMs = failures > 0 ? nowMs + retryPauseMs(failures) : Math.max(nowMs, Math.min(...due));
    const setMs = await this.ctx.storage.getAlarm();
    if (setMs === null || setMs > wantedMs) await this.ctx.storage.setAlarm(wantedMs);
  }
}

/** A metric of events in [fromMs, toMs) only. */
function within(compiled: CompiledMetric, fromMs: number, toMs: number): CompiledMetric {
  const { accepts } = compiled;
  const isWithin = ({ ts }: Event): boolean => ts >= fromMs && ts < toMs;
  return {
    ...compiled,
    accepts: (event) => isWithin(event) && (accepts === undefined || accepts(event)),
  };
}
