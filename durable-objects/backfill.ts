import { DurableObject } from "cloudflare:workers";
import { type BackfillRequest, type BackfillStatus, MOST_BACKFILLS } from "../protocol/backfill.ts";
import { BackfillDesk } from "./backfill/backfill-desk.ts";
import { afterFailure } from "./backfill/after-failure.ts";
import { type BackfillJob, isActive, isComplete, newJob, statusOf } from "./backfill/backfill-job.ts";
import { type BackfillRun, TakeLaterError } from "./backfill/backfill-run.ts";
import type { Definitions } from "./catalog/definitions.ts";
import { catalogOf, type Env } from "./env.ts";
import { BackfillStore } from "./storage/backfill-store.ts";

/** An alarm works for so long, about: far less CPU than it may take. */
const WORK_MS = 3_000;
const LOOK_AGAIN_MS = 1_000;
const LONGEST_WAIT_MS = 10_000;
/** What is known of the archive's files holds for so long: those that were put together are deleted an hour later. */
const RUN_MS = 30 * 60_000;

export type StartOutcome = BackfillStatus | "unknown_metric" | "view" | "no_archive" | "too_many";

/** A run, with what it is known to lack. */
interface Running {
  id: number;
  run: BackfillRun;
  startedMs: number;
}

/** Thrown where a job is saved that was cancelled in the meantime. */
class UnwantedError extends Error {
  override name = "UnwantedError";
}

/**
 * The backfills of one project (its name): one after the other, by its alarm. What is done is on disk after each chunk;
 * what is read and not put in place is in memory, and is read again after a restart.
 */
export class Backfill extends DurableObject<Env> {
  readonly #project: string;
  readonly #store: BackfillStore;
  readonly #desk: BackfillDesk;
  #running: Running | undefined;
  /** Files that were missing once: the catalogue may have been read before they were put together. */
  readonly #suspects = new Set<string>();
  #working: Promise<void> | undefined;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#project = ctx.id.name ?? "";
    this.#store = new BackfillStore(ctx.storage);
    this.#desk = new BackfillDesk(env, this.#project, (job) => this.#save(job));
  }

  /** Begins a backfill. One that is asked for again, because an answer was lost, goes on. */
  async start(metric: string, request: BackfillRequest): Promise<StartOutcome> {
    if (this.env.ARCHIVE === undefined) return "no_archive";
    const definitions = (await catalogOf(this.env).definitions(this.#project)) as Definitions;
    if (definitions.views.some(({ view }) => view.name === metric)) return "view";
    const defined = definitions.metrics.find((each) => each.metric.name === metric);
    if (defined === undefined) return "unknown_metric";
    const { revision } = defined;
    const active = this.#store.active();
    const same = active.find((job) => isSame(job, { metric, revision, asked: request }));
    if (same !== undefined) return statusOf(same);
    if (active.length >= MOST_BACKFILLS) return "too_many";
    const job = this.#store.add(newJob({ metric, revision, asked: request }, Date.now()));
    await this.#schedule();
    return statusOf(job);
  }

  /** A metric's backfills, the newest first. */
  list(metric: string): BackfillStatus[] {
    return this.#store.ofMetric(metric).map(statusOf);
  }

  /** Cancels what is not done: windows that are replaced stay so. Undefined: the metric has no such backfill. */
  cancel(metric: string, id: number): BackfillStatus | undefined {
    const job = this.#store.get(id);
    if (job?.metric !== metric) return undefined;
    if (isActive(job)) {
      this.#end(job, "cancelled", "on request; windows up to doneTo are replaced and stay so");
    }
    return statusOf(this.#store.get(id) ?? job);
  }

  /** Goes on, should an alarm have been lost. */
  async wake(): Promise<void> {
    await this.#schedule();
  }

  override async alarm(): Promise<void> {
    this.#working ??= this.#work().finally(() => {
      this.#working = undefined;
    });
    await this.#working;
  }

  async #work(): Promise<void> {
    const endMs = Date.now() + WORK_MS;
    while (Date.now() < endMs) {
      const job = this.#next();
      if (job === undefined || job.dueMs > Date.now()) break;
      await this.#workOn(job, endMs);
    }
    await this.#schedule();
  }

  /** What is under way, for another would take its place in memory; else what is due first. */
  #next(): BackfillJob | undefined {
    const active = this.#store.active();
    const current = active.find(({ id }) => id === this.#running?.id);
    return current ?? active.toSorted((a, b) => a.dueMs - b.dueMs || a.id - b.id)[0];
  }

  async #workOn(job: BackfillJob, endMs: number): Promise<void> {
    try {
      const run = await this.#runOf(job);
      if (run === undefined) return;
      while (Date.now() < endMs) {
        if (!(await run.step())) continue;
        this.#running = undefined;
        const reached = this.#store.get(job.id) ?? job;
        // Else the rest was not sealed when the run began.
        if (isComplete(reached)) this.#end(reached, "done");
        break;
      }
    } catch (error) {
      this.#fail(job.id, error);
    }
  }

  /** The run that is under way, or a new one; undefined: there is nothing to do for it now. */
  async #runOf(job: BackfillJob): Promise<BackfillRun | undefined> {
    const nowMs = Date.now();
    const running = this.#running;
    if (running?.id === job.id && nowMs - running.startedMs < RUN_MS) return running.run;
    this.#running = undefined;
    const begun = await this.#desk.begin(job);
    if (begun.type === "ended") this.#end(job, "cancelled", begun.reason);
    if (begun.type === "wait") {
      this.#save({
        ...begun.job,
        state: "waiting",
        reason: begun.reason,
        dueMs: nowMs + waitMs(begun.lackMs),
      });
    }
    if (begun.type !== "run") return undefined;
    this.#running = { id: job.id, run: begun.run, startedMs: nowMs };
    return begun.run;
  }

  #fail(id: number, error: unknown): void {
    const job = this.#store.get(id);
    const nowMs = Date.now();
    if (job === undefined || !isActive(job)) {
      this.#running = undefined;
    } else if (error instanceof TakeLaterError) {
      if (nowMs - (this.#running?.startedMs ?? nowMs) >= RUN_MS) this.#running = undefined;
      this.#save({ ...job, reason: error.message, dueMs: nowMs + LOOK_AGAIN_MS });
    } else {
      this.#running = undefined;
      this.#save(afterFailure(job, error, this.#suspects, nowMs));
    }
  }

  #end(job: BackfillJob, state: "done" | "cancelled", reason?: string): void {
    const { reason: _, ...rest } = job;
    this.#save({ ...rest, state, ...(reason === undefined ? {} : { reason }) });
    if (this.#running?.id === job.id) this.#running = undefined;
  }

  /** @throws UnwantedError when it has come to an end already. */
  #save(job: BackfillJob): void {
    const known = this.#store.get(job.id);
    if (known === undefined || !isActive(known)) throw new UnwantedError("it is cancelled");
    this.#store.save({ ...job, updatedMs: Date.now() });
  }

  async #schedule(): Promise<void> {
    const next = this.#next();
    if (next === undefined) return;
    const wantedMs = Math.max(Date.now(), next.dueMs);
    const setMs = await this.ctx.storage.getAlarm();
    if (setMs === null || setMs > wantedMs) await this.ctx.storage.setAlarm(wantedMs);
  }
}

type Asked = Pick<BackfillJob, "metric" | "revision" | "asked">;

function isSame(a: Asked, b: Asked): boolean {
  const isOfSame = a.metric === b.metric && a.revision === b.revision;
  return isOfSame && a.asked.fromMs === b.asked.fromMs && a.asked.toMs === b.asked.toMs;
}

/** What lacks a while more is looked at seldom. */
function waitMs(lackMs: number): number {
  return Math.min(LONGEST_WAIT_MS, Math.max(LOOK_AGAIN_MS, lackMs / 4));
}
