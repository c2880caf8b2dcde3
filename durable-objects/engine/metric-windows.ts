import { POINT_STATE, type PointState, type Series } from "../../protocol/series.ts";
import type { Accumulator, Outcome } from "./aggregates/aggregate.ts";
import type { CompiledMetric } from "./compiled-metric.ts";
import type { MemoryBudget } from "./memory-budget.ts";
import type { MetricPartial } from "./partials.ts";
import { keepSealed, readSealed, type SealedPoint } from "./sealed-point.ts";
import { RevisedGroups } from "./revised-groups.ts";
import { SessionWindows } from "./session-windows.ts";
import { SlidingWindows } from "./sliding-windows.ts";
import { type EncodedStartOffsets, StartOffsets } from "./start-offsets.ts";
import { TumblingWindows } from "./tumbling-windows.ts";
import { UntoldChanges } from "./untold-changes.ts";
import type { WindowPoint } from "./window-points.ts";
import { type EncodedWindows, floorTo, type Taken, type Touch, type Windows } from "./windows.ts";

/** What {@link MetricWindows.encode} gives. */
export interface EncodedMetricWindows {
  windows: EncodedWindows;
  finalEnd: number;
  sealedEnd: number;
  visibleEnd: number;
  reachedMs: number;
  edgeMs: number;
  revised: [endMs: number, keys: string[]][];
  counts: MetricCounts;
  start: EncodedStartOffsets;
}

/** What a metric has counted since it was defined. */
export interface MetricCounts {
  /** Events that came after all their windows were sealed. */
  late: number;
  /** Events without the field that the aggregate needs. */
  skipped: number;
  /** Times that a group beyond `maxGroups` was folded into `__other__`. */
  folded: number;
  /** Events of sessions beyond what memory holds. */
  dropped: number;
}

/** Where event time stands for one metric, epoch ms. */
export interface EventTime {
  /** Up to which all is thought to have come, less the metric's delay. */
  watermark: number;
  /** The newest event seen, or the clock where that is behind. */
  edge: number;
}

/** Windows that come into view in one go: bounds what is held when time leaps. */
const STEPS_AT_ONCE = 64;

/**
 * The windows of one metric and their states. Deterministic: the same calls in the same order end in the same state.
 *
 * A window is named by its end. An end is open until the watermark passes it, final until it passes the end
 * and the lateness, then sealed. It is in view once its last step has begun.
 */
export class MetricWindows {
  #compiled: CompiledMetric;
  readonly #budget: MemoryBudget;
  #windows: Windows;
  readonly #revised: RevisedGroups;
  readonly #untold: UntoldChanges;
  #sealed: SealedPoint[] = [];
  /** Ends are after the epoch: 0 stands for none yet. */
  #finalEnd = 0;
  #sealedEnd = 0;
  #visibleEnd = 0;
  #reachedMs = 0;
  #edgeMs = -1;
  #isUntouched = true;
  readonly counts: MetricCounts = { late: 0, skipped: 0, folded: 0, dropped: 0 };
  readonly #start: StartOffsets;

  constructor(
    compiled: CompiledMetric,
    budget: MemoryBudget,
    begin: { since: readonly number[] } | EncodedMetricWindows,
  ) {
    this.#compiled = compiled;
    this.#budget = budget;
    this.#untold = new UntoldChanges();
    const encoded = "windows" in begin ? begin : undefined;
    this.#start = new StartOffsets("windows" in begin ? begin.start : begin);
    this.#revised = new RevisedGroups(encoded?.revised);
    this.#windows = openWindows(compiled, budget, encoded?.windows);
    if (encoded === undefined) return;
    this.#isUntouched = false;
    this.#finalEnd = encoded.finalEnd;
    this.#sealedEnd = encoded.sealedEnd;
    Object.assign(this.counts, encoded.counts);
    this.#visibleEnd = encoded.visibleEnd;
    this.#reachedMs = encoded.reachedMs;
    this.#edgeMs = encoded.edgeMs;
    this.#windows.show(encoded.visibleEnd, encoded.reachedMs, this.#touch);
  }

  get compiled(): CompiledMetric {
    return this.#compiled;
  }

  /** The offset of each partition at which the definition begins. */
  get start(): StartOffsets {
    return this.#start;
  }

  /** Takes a definition of the same meaning, with another delay or lateness, and so maybe room for more groups, or fewer. */
  adopt(compiled: CompiledMetric): void {
    const { maxGroups } = this.#compiled.metric;
    this.#compiled = compiled;
    if (compiled.metric.maxGroups === maxGroups) return;
    // As a restart would: what is replayed after one is folded as it is here.
    const encoded = this.#windows.encode();
    this.#windows.release();
    this.#windows = openWindows(compiled, this.#budget, encoded);
    this.#windows.show(this.#visibleEnd, this.#reachedMs, this.#touch);
  }

  /** Merges what one range held. */
  apply(partial: MetricPartial): void {
    this.#isUntouched = false;
    this.counts.skipped += partial.skipped;
    this.#count(
      this.#windows.apply(partial, (end, key) => {
        this.#touch(end, key);
        if (end <= this.#finalEnd) this.#revised.add(end, key);
      }),
    );
  }

  /** Moves on in event time. Neither the watermark nor the edge ever goes back. */
  advance({ watermark, edge }: EventTime): void {
    const { everyMs } = this.#compiled.metric.window;
    const finalEnd = Math.max(this.#finalEnd, floorTo(watermark, everyMs));
    const visibleEnd = Math.max(this.#visibleEnd, finalEnd, floorTo(edge, everyMs) + everyMs);
    const sealedEnd = Math.max(
      this.#sealedEnd,
      floorTo(watermark - this.#compiled.metric.latenessMs, everyMs),
    );
    this.#edgeMs = Math.max(this.#edgeMs, edge);
    this.#reachedMs = Math.max(this.#reachedMs, edge, finalEnd);
    let next: number;
    do {
      next = this.#nextStop(visibleEnd);
      this.#show(next);
      this.#finish(Math.min(finalEnd, next));
      this.#seal(Math.min(sealedEnd, next));
    } while (next < visibleEnd);
  }

  /** Ends the metric: whatever is open is sealed as it stands. */
  close(): void {
    const { everyMs } = this.#compiled.metric.window;
    const last = [...this.#windows.ends(this.#sealedEnd, Number.POSITIVE_INFINITY)].at(-1) ?? 0;
    this.advance({ watermark: last + this.#compiled.metric.latenessMs + everyMs, edge: last });
  }

  /** Gives back all memory. */
  release(): void {
    this.#windows.release();
  }

  /** The watermark's last effect: windows that end at or before this are final. */
  get finalEnd(): number {
    return this.#finalEnd;
  }

  /** Windows that end at or before this are sealed. */
  get sealedEnd(): number {
    return this.#sealedEnd;
  }

  /** The end of the oldest window that {@link takeSealed} has not handed over. */
  get firstEnd(): number | undefined {
    const sealed = this.#sealed[0]?.[0];
    if (sealed !== undefined) return sealed;
    for (const end of this.#windows.ends(this.#sealedEnd, Number.POSITIVE_INFINITY)) return end;
    return undefined;
  }

  /** The end of the oldest window that is not final, or of the oldest that is not sealed; undefined without any. */
  nextEnd(state: "final" | "sealed"): number | undefined {
    const after = state === "final" ? this.#finalEnd : this.#sealedEnd;
    for (const end of this.#windows.ends(after, Number.POSITIVE_INFINITY)) return end;
    return this.#endElsewhere(after);
  }

  /** Other objects of a split metric may have windows up to this: what they close is to be closed here too. */
  #endElsewhere(after: number): number | undefined {
    const { shards, window } = this.#compiled.metric;
    const last = floorTo(this.#edgeMs + window.sizeMs, window.everyMs);
    return shards > 1 && this.#edgeMs >= 0 && last > after ? last : undefined;
  }

  /** The points that differ from those of the last call: changed in value or state, or new. */
  changes(): Series[] {
    return this.#untold.take(this.#compiled, this.#visibleEnd, (end, key) => this.#pointAt(end, key));
  }

  /** Forgets what {@link changes} would tell: nobody is watching. */
  discardChanges(): void {
    this.#untold.stop();
  }

  /** Another watcher is given what there is, before {@link changes} has told it. */
  pictureGiven(): void {
    this.#untold.pictureGiven();
  }

  /** Whether somebody watches, and is told of every change. */
  get isWatched(): boolean {
    return this.#untold.isWatched;
  }

  /** Takes all there is as told: whoever watches from now on has just been given it. */
  markTold(): void {
    this.retell();
    this.changes();
  }

  /** Whatever is open is to be told anew: what was last told is not known. */
  retell(): void {
    this.#untold.begin(this.#sealed);
    for (const end of this.#windows.ends(this.#sealedEnd, this.#visibleEnd)) {
      for (const key of this.#windows.at(end).keys()) this.#untold.touch(end, key);
    }
  }

  /**
   * Every window in view in `[fromMs, toMs]` by its end, ascending.
   *
   * @param stored sealed points that {@link takeSealed} handed over, ascending.
   */
  *points(fromMs: number, toMs: number, stored: Iterable<SealedPoint> = []): Generator<WindowPoint> {
    for (const points of [stored, this.#sealed]) {
      for (const point of points) {
        if (point[0] >= fromMs && point[0] <= toMs) yield readSealed(this.#compiled, point);
      }
    }
    const after = Math.max(this.#sealedEnd, fromMs - 1);
    for (const end of this.#windows.ends(after, Math.min(toMs, this.#visibleEnd))) {
      for (const [key, accumulator] of this.#windows.at(end)) yield this.#point(end, key, accumulator);
    }
  }

  /** Whether no event has concerned the metric: there is nothing to keep. */
  get isUntouched(): boolean {
    return this.#isUntouched;
  }

  get sealedPoints(): number {
    return this.#sealed.length;
  }

  /** Hands over the sealed points: the caller stores them. */
  takeSealed(): SealedPoint[] {
    const taken = this.#sealed;
    this.#sealed = [];
    return taken;
  }

  /** The state for the constructor, but for what was told, and sealed points: those are taken and stored before. */
  encode(): EncodedMetricWindows {
    return {
      windows: this.#windows.encode(),
      finalEnd: this.#finalEnd,
      sealedEnd: this.#sealedEnd,
      visibleEnd: this.#visibleEnd,
      reachedMs: this.#reachedMs,
      edgeMs: this.#edgeMs,
      revised: this.#revised.encode(),
      counts: this.counts,
      start: this.#start.encode(),
    };
  }

  readonly #touch: Touch = (end, key) => this.#untold.touch(end, key);

  #count({ late, folded, dropped }: Taken): void {
    this.counts.late += late;
    this.counts.folded += folded;
    this.counts.dropped += dropped;
  }

  /** How far to go at once: windows are sealed before the next ones come into view. */
  #nextStop(visibleEnd: number): number {
    const { everyMs } = this.#compiled.metric.window;
    for (const end of this.#windows.ends(this.#visibleEnd, visibleEnd)) {
      return Math.min(visibleEnd, end + (STEPS_AT_ONCE - 1) * everyMs);
    }
    return visibleEnd;
  }

  #show(visibleEnd: number): void {
    this.#count(this.#windows.show(visibleEnd, this.#reachedMs, this.#touch));
    this.#visibleEnd = visibleEnd;
  }

  #finish(finalEnd: number): void {
    if (finalEnd <= this.#finalEnd) return;
    for (const end of this.#windows.ends(this.#finalEnd, finalEnd)) {
      for (const key of this.#windows.at(end).keys()) this.#untold.touch(end, key);
    }
    this.#finalEnd = finalEnd;
  }

  #seal(sealedEnd: number): void {
    if (sealedEnd <= this.#sealedEnd) return;
    for (const end of this.#windows.ends(this.#sealedEnd, sealedEnd)) {
      for (const [key, accumulator] of this.#windows.at(end)) {
        const point = keepSealed(this.#compiled, end, key, accumulator, this.#revised.has(end, key));
        this.#sealed.push(point);
        this.#untold.sealed(point);
      }
      this.#revised.forget(end);
    }
    this.#sealedEnd = sealedEnd;
    this.counts.folded += this.#windows.seal(sealedEnd);
  }

  #pointAt(end: number, key: string): WindowPoint | undefined {
    const accumulator = this.#windows.at(end).get(key);
    return accumulator && this.#point(end, key, accumulator);
  }

  #point(end: number, key: string, accumulator: Accumulator): WindowPoint {
    const outcome: Outcome = accumulator.result(this.#compiled.metric.window.sizeMs);
    return { end, key, accumulator, outcome, state: this.#state(end, key) };
  }

  #state(end: number, key: string): PointState {
    if (end > this.#finalEnd) return POINT_STATE.provisional;
    return this.#revised.has(end, key) ? POINT_STATE.revised : POINT_STATE.final;
  }
}

function openWindows(compiled: CompiledMetric, budget: MemoryBudget, encoded?: EncodedWindows): Windows {
  switch (compiled.metric.window.type) {
    case "tumbling":
      return new TumblingWindows(compiled, budget, encoded);
    case "sliding":
      return new SlidingWindows(compiled, budget, encoded);
    case "session":
      return new SessionWindows(compiled, budget, encoded);
  }
}
