import { bucketOf } from "../archive/archive-bucket.ts";
import type { ExploreShare } from "../archive/log-tail.ts";
import type { Definitions } from "../catalog/definitions.ts";
import { shardsOf } from "../engine/placement.ts";
import { replayed } from "../engine/replay.ts";
import { ceilTo, floorTo } from "../engine/windows.ts";
import { catalogOf, type Env, settingsOf } from "../env.ts";
import type { Metric } from "../../protocol/metric.ts";
import { type BackfillJob, reachMs, sealedUntil } from "./backfill-job.ts";
import { BackfillRun, eventsToRead } from "./backfill-run.ts";
import type { ReplaceOutcome, Sealing } from "./replacement.ts";

/** How a backfill may go on. */
export type Begun =
  | { type: "run"; run: BackfillRun }
  /** Windows have to be sealed first, of so much event time. */
  | { type: "wait"; job: BackfillJob; reason: string; lackMs: number }
  | { type: "ended"; reason: string };

/** Finds out how far a project's backfills may go, and begins their runs. */
export class BackfillDesk {
  readonly #env: Env;
  readonly #project: string;
  readonly #save: (job: BackfillJob) => void;

  /** @param save makes a job's state durable. */
  constructor(env: Env, project: string, save: (job: BackfillJob) => void) {
    this.#env = env;
    this.#project = project;
    this.#save = save;
  }

  async begin(given: BackfillJob): Promise<Begun> {
    const definitions = (await catalogOf(this.#env).definitions(this.#project)) as Definitions;
    const defined = definitions.metrics.find(({ metric }) => metric.name === given.metric);
    if (defined?.revision !== given.revision) {
      const what = defined === undefined ? "deleted" : "defined anew";
      return { type: "ended", reason: `the metric was ${what}; windows up to doneTo were replaced` };
    }
    const { metric } = defined;
    const sealings = await this.#sealings(metric, given);
    const sealedEndMs = Math.min(...sealings.map((sealing) => sealing.sealedEndMs));
    const stretchMs = sealings[0]?.stretchMs ?? metric.window.everyMs;
    const toMs = ceilTo(given.toMs ?? (await this.#endOf(given, metric, sealings)), metric.window.everyMs);
    const job = fromStretch({ ...given, toMs }, stretchMs);
    const untilMs = sealedUntil(toMs, sealedEndMs, stretchMs);
    if (untilMs <= job.doneMs) {
      const reason = `windows up to ${iso(toMs)} are to be sealed first; by now ${sealedEndMs > 0 ? `they are up to ${iso(sealedEndMs)}` : "none is"}`;
      return { type: "wait", job, reason, lackMs: toMs - sealedEndMs };
    }
    const { reason: _, ...running } = { ...job, state: "running" as const };
    this.#save(running);
    const shares = await this.#shares(metric, eventsToRead(job, { metric, untilMs }));
    const parts = { bucket: this.#bucket(), replace: this.#replacer(metric), save: this.#save };
    return { type: "run", run: new BackfillRun(running, { metric, untilMs, stretchMs, shares }, parts) };
  }

  /** @throws when a window object has not heard of the definition yet. */
  async #sealings(metric: Metric, { revision, toMs = 0 }: BackfillJob): Promise<Sealing[]> {
    const { name } = metric;
    const texts = await Promise.all(
      this.#objects(metric).map((object) =>
        this.#env.METRIC_WINDOW.getByName(object).sealing(name, revision, toMs),
      ),
    );
    return texts.map((text) => {
      if (text === undefined) throw new Error("a window object has not heard of the metric's definition yet");
      return JSON.parse(text) as Sealing;
    });
  }

  /**
   * Where a backfill ends that was not told where: what is sealed; and up to where windows may lack events that had
   * come before live aggregation began.
   */
  async #endOf(
    { createdMs }: BackfillJob,
    { window }: Metric,
    sealings: readonly Sealing[],
  ): Promise<number> {
    const { partitions, futureLimitMs } = settingsOf(this.#env);
    // No event that had come by then is later.
    let newestMs = 0;
    for (let partition = 0; partition < partitions; partition++) {
      // Infinity: whatever the log holds may have come before.
      const since = Math.max(
        ...sealings.map((sealing) => sealing.since[partition] ?? Number.POSITIVE_INFINITY),
      );
      const archiver = this.#env.ARCHIVER.getByName(String(partition));
      const newest = (await archiver.newestBefore(this.#project, since)) as number | null;
      newestMs = Math.max(newestMs, newest ?? createdMs + futureLimitMs);
    }
    const wholeMs = Math.min(newestMs, createdMs + futureLimitMs) + reachMs(window);
    return Math.max(wholeMs, ...sealings.map(({ sealedEndMs }) => sealedEndMs));
  }

  async #shares(metric: Metric, { fromMs, toMs }: { fromMs: number; toMs: number }): Promise<ExploreShare[]> {
    const { partitions } = settingsOf(this.#env);
    const texts = await Promise.all(
      Array.from({ length: partitions }, (_, partition) => {
        const archiver = this.#env.ARCHIVER.getByName(String(partition));
        return archiver.explore(this.#project, replayed(metric), fromMs, toMs);
      }),
    );
    return texts.map((text) => JSON.parse(text) as ExploreShare);
  }

  #replacer(metric: Metric): (shard: number, replacement: object) => Promise<ReplaceOutcome> {
    const objects = this.#objects(metric);
    return async (shard, replacement) => {
      const object = this.#env.METRIC_WINDOW.getByName(objects[shard] ?? this.#project);
      return (await object.replacePoints(JSON.stringify(replacement))) as ReplaceOutcome;
    };
  }

  #objects({ name, shards }: Metric): string[] {
    if (shards === 1) return [this.#project];
    return shardsOf(this.#project, name, shards).map((object) => object.name);
  }

  #bucket() {
    if (this.#env.ARCHIVE === undefined) throw new Error("there is no archive any more: bind ARCHIVE");
    return bucketOf(this.#env.ARCHIVE);
  }
}

/** Stretches are replaced as a whole. */
function fromStretch(job: BackfillJob, stretchMs: number): BackfillJob {
  return { ...job, fromMs: floorTo(job.fromMs, stretchMs), doneMs: floorTo(job.doneMs, stretchMs) };
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
