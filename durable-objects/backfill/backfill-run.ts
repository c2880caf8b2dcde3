import type { Metric } from "../../protocol/metric.ts";
import type { ArchiveBucket } from "../archive/archive-bucket.ts";
import type { ExploreShare } from "../archive/log-tail.ts";
import { type EventReadCounts, noCounts } from "../archive/read-events.ts";
import type { SealedPoint } from "../engine/sealed-point.ts";
import { SplitReplay } from "../engine/split-replay.ts";
import { ceilTo, floorTo } from "../engine/windows.ts";
import { type BackfillJob, type EndSpan, HOUR_MS, leadMs, reachMs, spansWithout } from "./backfill-job.ts";
import { PastEvents, type Slice } from "./past-events.ts";
import type { ReplaceOutcome, Replacement } from "./replacement.ts";

/** Points that are put in place at once, about. */
const CHUNK_POINTS = 20_000;
/** Points that wait to be put in place: what fits in memory beside the aggregates. */
const MOST_POINTS = 400_000;
/** Windows of so much time are put in place at once, at most: bounds what is done again after a crash. */
const CHUNK_MS = 24 * HOUR_MS;
/** Slices are not made shorter than this. */
const LEAST_SLICE_MS = 1_000;

/** A slice has more groups than fit in memory: it is to be read in shorter ones. */
export class SliceTooLargeError extends Error {
  override name = "SliceTooLargeError";
}

/** It cannot be done at all. */
export class BackfillTooLargeError extends Error {
  override name = "BackfillTooLargeError";
}

/** The metric is another by now, or none. */
export class MetricEndedError extends Error {
  override name = "MetricEndedError";
}

/** A window object cannot take points yet. */
export class TakeLaterError extends Error {
  override name = "TakeLaterError";
}

/** Where a run may go. */
export interface RunPlan {
  metric: Metric;
  /** Ends of windows to compute: after the job's `doneMs`, up to here. */
  untilMs: number;
  stretchMs: number;
  /** What was accepted, as it stands now that all windows up to `untilMs` are sealed. */
  shares: readonly ExploreShare[];
}

/** What a run works with. */
export interface RunParts {
  bucket: ArchiveBucket;
  /** Gives points to the window object that has this share. */
  replace: (shard: number, replacement: Replacement) => Promise<ReplaceOutcome>;
  /** Makes the job's state durable. @throws when it is not wanted any more. */
  save: (job: BackfillJob) => void;
}

/** Times of events that have to be read to compute a plan's windows, end exclusive. */
export function eventsToRead(
  { doneMs }: BackfillJob,
  { metric, untilMs }: Pick<RunPlan, "metric" | "untilMs">,
): { fromMs: number; toMs: number } {
  return { fromMs: leadMs(metric.window, doneMs), toMs: untilMs };
}

/**
 * One life of a backfill: reads events slice by slice, computes the windows, puts them in place chunk by chunk. What it
 * has read and not put in place is in memory only: the next life reads it again.
 */
export class BackfillRun {
  readonly #job: BackfillJob;
  readonly #plan: RunPlan;
  readonly #parts: RunParts;
  readonly #replay: SplitReplay;
  readonly #events: PastEvents;
  readonly #slices: Slice[];
  /** By shard, ascending in their ends. */
  #points: SealedPoint[][] = [];
  /** What is to be put in place before anything else is done; then windows up to `doneMs` are. */
  #chunk: { doneMs: number; replacements: [shard: number, Replacement][] } | undefined;

  constructor(job: BackfillJob, plan: RunPlan, parts: RunParts) {
    this.#job = job;
    this.#plan = plan;
    this.#parts = parts;
    this.#replay = new SplitReplay(plan.metric);
    const gone = job.missing.map(({ path }) => path);
    this.#events = new PastEvents(plan.metric, plan.shares, eventsToRead(job, plan), gone);
    this.#slices = this.#events.slices(job.sliceMs);
    this.#leaveUntil(this.#slices[0]?.fromMs ?? plan.untilMs);
    // Sessions that began before are whole only if those that have ended are known, too.
    if (plan.metric.window.type !== "session") this.#replay.advance(job.doneMs);
  }

  /**
   * Does a little more.
   *
   * @returns whether all windows of the plan are done.
   * @throws SliceTooLargeError, BackfillTooLargeError, MetricEndedError, TakeLaterError, PastFileGoneError, or whatever the
   *   bucket and the window objects throw. After `TakeLaterError` it may go on, else it is spoilt.
   */
  async step(): Promise<boolean> {
    if (this.#chunk !== undefined) await this.#putInPlace();
    const slice = this.#slices.shift();
    if (slice === undefined) {
      this.#job.doneMs = Math.max(this.#job.doneMs, this.#plan.untilMs);
      this.#parts.save(this.#job);
      return true;
    }
    await this.#read(slice);
    this.#compute(slice);
    if (this.#chunk !== undefined) await this.#putInPlace();
    return false;
  }

  async #read(slice: Slice): Promise<void> {
    const counts = noCounts();
    try {
      for await (const events of this.#events.read(slice, this.#parts.bucket, counts)) {
        this.#replay.add(events);
        this.#checkMemory();
      }
    } finally {
      this.#count(counts);
    }
    for (const partial of this.#events.takeTail(slice.toMs)) {
      this.#job.counts.events += (partial.panes?.[0]?.[1] ?? 0) + (partial.sessions?.[0]?.[4] ?? 0);
      this.#replay.apply(partial);
    }
    this.#checkMemory();
  }

  #count({ events, requests, bytes }: EventReadCounts): void {
    const { counts } = this.#job;
    counts.events += events;
    counts.requests += requests;
    counts.bytes += bytes;
  }

  /** A whole metric's windows have less room live, and fold for want of it: at last it is the same here. */
  #checkMemory(): void {
    if (!this.#replay.isFull) return;
    if (this.#job.sliceMs > LEAST_SLICE_MS) throw new SliceTooLargeError("the groups of a slice do not fit");
    if (this.#plan.metric.shards === 1) return;
    throw new BackfillTooLargeError("the metric's groups do not fit in one object, where they are replayed");
  }

  /** Takes the windows that are done by the slice, and puts together a chunk when it is time. */
  #compute({ toMs, nextMs }: Slice): void {
    const { metric, stretchMs, untilMs } = this.#plan;
    for (const [shard, points] of this.#replay.advance(nextMs).entries()) {
      const own = (this.#points[shard] ??= []);
      for (const point of points) if (point[0] > this.#job.doneMs && point[0] <= untilMs) own.push(point);
    }
    const doneMs = nextMs >= untilMs ? untilMs : floorTo(nextMs, stretchMs);
    const touchedMs = Math.min(doneMs, ceilTo(toMs + reachMs(metric.window), stretchMs));
    const points = this.#points.reduce((sum, own) => sum + own.length, 0);
    if (points > MOST_POINTS) this.#refuse(points);
    if (touchedMs <= this.#job.doneMs) {
      this.#leaveUntil(nextMs);
      return;
    }
    const isLong = doneMs - this.#job.doneMs >= CHUNK_MS || points >= CHUNK_POINTS;
    const isGap = touchedMs < doneMs;
    if (!isLong && !isGap && doneMs < untilMs) return;
    this.#chunk = {
      doneMs,
      replacements: this.#replacements({ afterMs: this.#job.doneMs, untilMs: touchedMs }),
    };
    this.#points = this.#points.map((own) => own.filter(([end]) => end > doneMs));
  }

  #refuse(points: number): void {
    const { stretchMs } = this.#plan;
    if (this.#job.sliceMs > stretchMs) throw new SliceTooLargeError("the points of a slice do not fit");
    throw new BackfillTooLargeError(
      `more than ${points} points end in one stretch of ${stretchMs} ms; the bound is ${MOST_POINTS}`,
    );
  }

  /** In the order of time, each about {@link CHUNK_POINTS} for each shard. */
  #replacements(span: EndSpan): [shard: number, Replacement][] {
    const { metric, stretchMs } = this.#plan;
    const { missing, revision } = this.#job;
    const replacements: [number, Replacement][] = [];
    for (const part of spansWithout(span, missing, reachMs(metric.window), stretchMs)) {
      for (let shard = 0; shard < metric.shards; shard++) {
        const points = (this.#points[shard] ?? []).filter(
          ([end]) => end > part.afterMs && end <= part.untilMs,
        );
        for (const piece of pieces(part, points, stretchMs)) {
          replacements.push([shard, { metric: metric.name, revision, ...piece }]);
        }
      }
    }
    return replacements;
  }

  /** What is put in place stays so; a chunk that is broken off is put in place once more. */
  async #putInPlace(): Promise<void> {
    if (this.#chunk === undefined) return;
    const { doneMs, replacements } = this.#chunk;
    for (let first = replacements[0]; first !== undefined; first = replacements[0]) {
      const [shard, replacement] = first;
      const outcome = await this.#parts.replace(shard, replacement);
      if (outcome.type === "later") throw new TakeLaterError(outcome.reason);
      if (outcome.type === "ended") throw new MetricEndedError("the metric was defined anew or deleted");
      this.#job.counts.points += replacement.points.length;
      replacements.shift();
    }
    this.#chunk = undefined;
    this.#job.doneMs = doneMs;
    this.#job.failures = 0;
    this.#parts.save(this.#job);
  }

  /** There is no event before `ms` to compute windows from. */
  #leaveUntil(ms: number): void {
    const { stretchMs, untilMs } = this.#plan;
    this.#job.doneMs = Math.max(this.#job.doneMs, Math.min(untilMs, floorTo(ms, stretchMs)));
  }
}

/** A span in pieces of whole stretches. */
function* pieces(
  { afterMs, untilMs }: EndSpan,
  points: readonly SealedPoint[],
  stretchMs: number,
): Generator<EndSpan & { points: SealedPoint[] }> {
  let after = afterMs;
  let begin = 0;
  for (let index = 0; index < points.length; index++) {
    const stretchEnd = ceilTo(points[index]?.[0] ?? 0, stretchMs);
    const isLast = stretchEnd >= untilMs || stretchEnd < (points[index + 1]?.[0] ?? 0);
    if (!isLast || index + 1 - begin < CHUNK_POINTS || stretchEnd >= untilMs) continue;
    yield { afterMs: after, untilMs: stretchEnd, points: points.slice(begin, index + 1) };
    after = stretchEnd;
    begin = index + 1;
  }
  yield { afterMs: after, untilMs, points: points.slice(begin) };
}
