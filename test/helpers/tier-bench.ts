// The window objects of one project and their archive in Node, with a clock of the test's own: all of a metric's tiers.
import type { Event } from "../../protocol/event.ts";
import type { Metric } from "../../protocol/metric.ts";
import type { Group, QueryAnswer, Series } from "../../protocol/series.ts";
import { type BackfillJob, newJob } from "../../durable-objects/backfill/backfill-job.ts";
import { BackfillRun, TakeLaterError } from "../../durable-objects/backfill/backfill-run.ts";
import type { ReplaceOutcome, Replacement } from "../../durable-objects/backfill/replacement.ts";
import type { Definitions } from "../../durable-objects/catalog/definitions.ts";
import { compileMetric } from "../../durable-objects/engine/compiled-metric.ts";
import { placementsOf } from "../../durable-objects/engine/placement.ts";
import { RangeFolder } from "../../durable-objects/engine/range-folder.ts";
import { replayed } from "../../durable-objects/engine/replay.ts";
import type { Span } from "../../durable-objects/window/metric-reader.ts";
import type { PointQuestion } from "../../durable-objects/point-archiver.ts";
import { QueryPlanner, windowSpanOf } from "../../durable-objects/window/query-planner.ts";
import type {
  QueryOutcome,
  Refusal,
  StitchPlan,
  WindowQuery,
} from "../../durable-objects/window/window-query.ts";
import { askTiers } from "../../workers/query/ask-tiers.ts";
import { TieredReader } from "../../workers/query/tiered-reader.ts";
import { MemoryBucket } from "./memory-bucket.ts";
import { WindowObject } from "./tier-object.ts";

const PROJECT = "p";

export class TierBench {
  readonly definitions: Definitions;
  readonly vars: Record<string, string>;
  readonly hasArchive: boolean;
  readonly bucket = new MemoryBucket();
  /** What reading the archive has cost, all queries together. */
  readonly cold = { requests: 0, bytes: 0, neededBytes: 0 };
  /** The clock of the last that was done. */
  nowMs = 0;
  /** Called before each call to an object while {@link ask} is under way. */
  interrupt: (() => Promise<void>) | undefined;
  readonly #objects = new Map<string, WindowObject>();

  constructor(definitions: Definitions, vars: Record<string, string> = {}, hasArchive = true) {
    this.definitions = definitions;
    this.vars = vars;
    this.hasArchive = hasArchive;
    const placements = placementsOf(PROJECT, definitions.metrics);
    if (!placements.some(({ name }) => name === PROJECT)) placements.push({ name: PROJECT, metrics: [] });
    for (const placement of placements) this.#objects.set(placement.name, new WindowObject(this, placement));
  }

  object(name: string): WindowObject {
    const object = this.#objects.get(name);
    if (object === undefined) throw new Error(`there is no object ${name}`);
    return object;
  }

  /** An object as others call it. */
  stub(name: string) {
    const object = this.object(name);
    const called = async <T>(work: () => T | Promise<T>): Promise<T> => {
      await this.interrupt?.();
      return work();
    };
    return {
      query: (query: WindowQuery) => called(() => this.#query(query)),
      coverage: (metric: string) => called(() => object.coverage(metric, this.nowMs)),
      readShare: (metric: string, span: Span) => called(() => object.readShare(metric, span)),
      readSeries: (metric: string, span: Span) => called(() => object.readSeries(metric, span)),
      keptPoints: (defined: string, afterMs: number, untilMs: number) =>
        called(() => object.keptPoints(defined, afterMs, untilMs)),
      listing: (question: PointQuestion) => called(() => object.archiver.listing(question)),
    };
  }

  /** Asks as `GET /v1/query` does. */
  async ask(query: WindowQuery): Promise<Series[] | Refusal> {
    const answer = await askTiers(this.#env() as never, PROJECT, query);
    if ("ok" in answer) return answer;
    return "body" in answer ? (JSON.parse(answer.body) as QueryAnswer).series : answer.series;
  }

  /** What `MetricWindow.query` does. */
  async #query(query: WindowQuery): Promise<QueryOutcome> {
    const planned = await this.plan(query, this.nowMs);
    if ("ok" in planned) return planned;
    const span = windowSpanOf(planned);
    if (span === undefined) return { ok: true, plan: JSON.stringify(planned) };
    const answer = await this.object(PROJECT).readSeries(query.metric, span);
    if (!answer.ok) return answer;
    const series = JSON.parse(answer.body) as Series[];
    const { metric } = query;
    return { ok: true, body: JSON.stringify({ metric, series, tiers: planned.tiers } satisfies QueryAnswer) };
  }

  #env(): object {
    return {
      ...this.vars,
      ARCHIVE: this.bucket,
      METRIC_WINDOW: { getByName: (name: string) => this.stub(name) },
      POINT_ARCHIVER: { getByName: (name: string) => this.stub(name) },
    };
  }

  /** Feeds events in the order of their time, a checkpoint every `checkpointMs` of it. */
  async feed(events: readonly Event[], checkpointMs: number): Promise<void> {
    const sorted = [...events].sort((a, b) => a.ts - b.ts);
    for (let i = 0; i < sorted.length;) {
      const untilMs = (sorted[i]?.ts ?? 0) + checkpointMs;
      const begin = i;
      while (i < sorted.length && (sorted[i]?.ts ?? 0) < untilMs) i++;
      for (const object of this.#objects.values()) object.apply(sorted.slice(begin, i), untilMs);
      await this.checkpoint(untilMs);
    }
  }

  /** No event comes for a while: everything is sealed, archived and rolled up as its age asks for. */
  async settle(nowMs: number): Promise<void> {
    this.idle(nowMs);
    while (await this.checkpoint(nowMs));
  }

  /** Time passes, no event comes. */
  idle(nowMs: number): void {
    for (const object of this.#objects.values()) object.idle(nowMs);
  }

  async checkpoint(nowMs: number): Promise<boolean> {
    this.nowMs = nowMs;
    let hasMore = false;
    for (const object of this.#objects.values()) {
      if (await object.checkpoint(this.definitions, nowMs)) hasMore = true;
    }
    return hasMore;
  }

  /** Computes a metric's windows up to `untilMs` anew, over events of which none is archived. */
  async backfill(
    metric: Metric,
    events: readonly Event[],
    untilMs: number,
    nowMs: number,
  ): Promise<BackfillJob> {
    const objects = placementsOf(PROJECT, this.definitions.metrics).filter(({ metrics }) =>
      metrics.some((defined) => defined.metric.name === metric.name),
    );
    const windows = this.object(objects[0]?.name ?? "").set.metric(metric.name);
    if (windows === undefined) throw new Error(`there is no metric ${metric.name}`);
    const { stretchMs } = this.object(objects[0]?.name ?? "").keeper.sealing(windows);
    const folder = new RangeFolder([compileMetric({ metric: replayed(metric), revision: 0 })]);
    for (const event of events) if (event.ts < untilMs) folder.add(event);
    const shares = [{ files: [], tail: folder.finish().metrics }];
    const fromMs = Math.floor((events[0]?.ts ?? 0) / stretchMs) * stretchMs - 10 * stretchMs;
    const job = {
      ...newJob({ metric: metric.name, revision: 1, asked: { fromMs, toMs: untilMs } }, nowMs),
      id: 1,
    };
    const replace = async (shard: number, replacement: Replacement): Promise<ReplaceOutcome> => {
      const object = this.object(objects[shard]?.name ?? "");
      const outcome = object.replacePoints(replacement, this.definitions, nowMs);
      if (outcome.type === "later") await this.checkpoint(nowMs);
      return outcome;
    };
    const parts = { bucket: undefined as never, replace, save: () => undefined };
    const run = new BackfillRun(job, { metric, untilMs, stretchMs, shares }, parts);
    for (let tries = 0, done = false; !done;) {
      done = await run.step().catch((error: unknown) => {
        if (!(error instanceof TakeLaterError) || ++tries > 1_000) throw error;
        return false;
      });
    }
    return job;
  }

  async plan(query: WindowQuery, nowMs: number): Promise<StitchPlan | Refusal> {
    this.nowMs = nowMs;
    const planner = new QueryPlanner({
      objectName: PROJECT,
      reader: this.object(PROJECT).reader,
      definitions: () => this.definitions,
      coverageOf: (name, metric) =>
        name === PROJECT
          ? Promise.resolve(this.object(name).coverage(metric, nowMs))
          : this.stub(name).coverage(metric),
    });
    return planner.plan(query);
  }

  /** Reads what a plan names, as `GET /v1/query` does. */
  async read(plan: StitchPlan, groups?: Group[]): Promise<Series[] | Refusal> {
    const span = windowSpanOf(plan);
    if (span !== undefined) {
      const reading = await this.object(PROJECT).reader.read(plan.metric, {
        ...span,
        ...(groups && { groups }),
      });
      return reading?.series ?? [];
    }
    const reader = new TieredReader(this.#env() as never, PROJECT);
    const read = await reader.read(plan, groups);
    this.cold.requests += reader.cold.requests;
    this.cold.bytes += reader.cold.bytes;
    this.cold.neededBytes += reader.cold.neededBytes;
    return read;
  }
}
