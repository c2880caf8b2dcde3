import { POINT_STATE, type PointState, type Series } from "../../protocol/series.ts";
import type { Encoded } from "./aggregates/aggregate.ts";
import type { CompiledMetric } from "./compiled-metric.ts";
import { floorTo, Panes } from "./panes.ts";
import type { MetricPartial, PanePartial } from "./partials.ts";
import { SeriesBuilder, type WindowPoint } from "./window-points.ts";

/** A sealed point on its way to the stores: `[window end, group key, aggregate state, was revised]`. */
export type SealedPoint = [endMs: number, key: string, state: Encoded, revised: 0 | 1];

/** What {@link MetricWindows.encode} gives. */
export interface EncodedMetricWindows {
  panes: PanePartial[];
  finalEnd: number;
  sealedEnd: number;
  revised: [endMs: number, keys: string[]][];
  counts: MetricCounts;
}

/** What a metric has counted since it was defined. */
export interface MetricCounts {
  /** Events that came after all their windows were sealed. */
  late: number;
  /** Events without the number that the aggregate needs. */
  skipped: number;
  /** Groups folded into `__other__`, once for each pane. */
  folded: number;
}

interface Drawn {
  v: number | null;
  s: PointState;
}

/**
 * The windows of one metric: panes of event time, and the states of the windows composed of them.
 * Deterministic: the same calls in the same order end in the same state.
 *
 * A window is named by its end. An end is open until the watermark passes it, final until it passes the end
 * and the lateness, then sealed. Every event of a pane belongs to the same windows, so a pane is late as a whole.
 */
export class MetricWindows {
  readonly compiled: CompiledMetric;
  readonly #panes: Panes;
  /** Groups that a late event changed in a final window, until it is sealed. */
  readonly #revised = new Map<number, Set<string>>();
  /** Ends whose points may differ from what was last drawn. */
  readonly #touched = new Set<number>();
  /** What was last drawn of every end that is not sealed. */
  readonly #drawn = new Map<number, Map<string, Drawn>>();
  #sealedUndrawn: SealedPoint[] = [];
  #sealed: SealedPoint[] = [];
  /** Ends are after the epoch: 0 stands for none yet. */
  #finalEnd = 0;
  #sealedEnd = 0;
  #visibleEnd = 0;
  readonly counts: MetricCounts = { late: 0, skipped: 0, folded: 0 };

  constructor(compiled: CompiledMetric, encoded?: EncodedMetricWindows) {
    this.compiled = compiled;
    this.#panes = new Panes(compiled);
    if (encoded === undefined) return;
    for (const pane of encoded.panes) this.#panes.merge(pane);
    this.#finalEnd = encoded.finalEnd;
    this.#sealedEnd = encoded.sealedEnd;
    for (const [end, keys] of encoded.revised) this.#revised.set(end, new Set(keys));
    Object.assign(this.counts, encoded.counts);
  }

  /** Merges what one range held. Panes of which every window is sealed are counted as late. */
  apply(partial: MetricPartial): void {
    this.counts.skipped += partial.skipped;
    for (const pane of partial.panes) {
      const lastEnd = this.#panes.lastEnd(pane[0]);
      if (lastEnd <= this.#sealedEnd) {
        this.counts.late += pane[1];
        continue;
      }
      const { keys, folded } = this.#panes.merge(pane);
      this.counts.folded += folded;
      this.#touchWindowsOf(pane[0], lastEnd, keys);
    }
  }

  /** Moves on to `watermark` (event time, less the metric's delay). It never goes back. */
  advance(watermark: number): void {
    const { everyMs } = this.compiled.metric.window;
    const finalEnd = floorTo(watermark, everyMs);
    if (finalEnd > this.#finalEnd) {
      for (const end of this.#panes.endsBetween(this.#finalEnd, finalEnd)) this.#touched.add(end);
      this.#finalEnd = finalEnd;
    }
    const sealedEnd = floorTo(watermark - this.compiled.metric.latenessMs, everyMs);
    if (sealedEnd > this.#sealedEnd) this.#seal(sealedEnd);
  }

  /** The watermark's last effect: windows that end at or before this are final. */
  get finalEnd(): number {
    return this.#finalEnd;
  }

  /** Windows that end at or before this are sealed. */
  get sealedEnd(): number {
    return this.#sealedEnd;
  }

  /** The end of the oldest window that is not final, or of the oldest that is not sealed; undefined without panes. */
  nextEnd(state: "final" | "sealed"): number | undefined {
    const after = state === "final" ? this.#finalEnd : this.#sealedEnd;
    for (const end of this.#panes.endsBetween(after, Number.POSITIVE_INFINITY)) return end;
    return undefined;
  }

  /**
   * The points that differ from those of the last call: changed in value or state, or new.
   *
   * @param clockMs the clock, or event time where that is behind: windows whose last step has not begun by
   *   then are not drawn yet.
   */
  changes(clockMs: number): Series[] {
    this.#show(clockMs);
    const builder = new SeriesBuilder(this.compiled, this.compiled.metric.window.sizeMs);
    for (const [end, key, state] of this.#sealedUndrawn) {
      builder.add({
        end,
        key,
        accumulator: this.compiled.aggregate.decode(state),
        state: POINT_STATE.sealed,
      });
    }
    this.#sealedUndrawn = [];
    for (const end of [...this.#touched].sort((a, b) => a - b)) {
      if (end > this.#visibleEnd) continue;
      this.#touched.delete(end);
      this.#addChangesOf(end, builder);
    }
    return builder.series();
  }

  /** Forgets what {@link changes} would tell: nobody is watching. */
  discardChanges(): void {
    this.#sealedUndrawn = [];
    this.#touched.clear();
    this.#drawn.clear();
  }

  /**
   * Every window in `[fromMs, toMs]` by its end, ascending.
   *
   * @param stored sealed points that {@link takeSealed} handed over, ascending.
   */
  *windows(
    fromMs: number,
    toMs: number,
    clockMs: number,
    stored: Iterable<SealedPoint> = [],
  ): Generator<WindowPoint> {
    const { aggregate } = this.compiled;
    for (const points of [stored, this.#sealed]) {
      for (const [end, key, state] of points) {
        if (end < fromMs || end > toMs) continue;
        yield { end, key, accumulator: aggregate.decode(state), state: POINT_STATE.sealed };
      }
    }
    this.#show(clockMs);
    const after = Math.max(this.#sealedEnd, fromMs - 1);
    for (const end of this.#panes.endsBetween(after, Math.min(toMs, this.#visibleEnd))) {
      for (const [key, accumulator] of this.#panes.compose(end)) {
        yield { end, key, accumulator, state: this.#state(end, key) };
      }
    }
  }

  /** Whether there is nothing to keep. */
  get isEmpty(): boolean {
    return this.#panes.size === 0 && this.#sealed.length === 0;
  }

  /** Takes all there is as drawn: whoever watches from now on has just been given it. */
  markDrawn(clockMs: number): void {
    this.redraw();
    this.changes(clockMs);
  }

  /** Whatever is open is to be drawn anew: what was last drawn is not known. */
  redraw(): void {
    for (const end of this.#panes.endsBetween(this.#sealedEnd, Number.POSITIVE_INFINITY))
      this.#touched.add(end);
    this.#sealedUndrawn = [...this.#sealed];
  }

  /** Hands over the sealed points: the caller stores them. */
  takeSealed(): SealedPoint[] {
    const taken = this.#sealed;
    this.#sealed = [];
    return taken;
  }

  /** The state for the constructor, but for what was drawn, and sealed points: those are taken and stored before. */
  encode(): EncodedMetricWindows {
    return {
      panes: this.#panes.encode(),
      finalEnd: this.#finalEnd,
      sealedEnd: this.#sealedEnd,
      revised: Array.from(this.#revised, ([end, keys]) => [end, [...keys]]),
      counts: this.counts,
    };
  }

  #touchWindowsOf(startMs: number, lastEnd: number, keys: readonly string[]): void {
    const { everyMs } = this.compiled.metric.window;
    const first = Math.max(this.#panes.firstEnd(startMs), this.#sealedEnd + everyMs);
    for (let end = first; end <= lastEnd; end += everyMs) {
      this.#touched.add(end);
      if (end > this.#finalEnd) continue;
      const revised = this.#revised.get(end) ?? new Set();
      for (const key of keys) revised.add(key);
      this.#revised.set(end, revised);
    }
  }

  #seal(sealedEnd: number): void {
    for (const end of this.#panes.endsBetween(this.#sealedEnd, sealedEnd)) {
      const revised = this.#revised.get(end);
      for (const [key, accumulator] of this.#panes.compose(end)) {
        const point: SealedPoint = [end, key, accumulator.encode(), revised?.has(key) ? 1 : 0];
        this.#sealed.push(point);
        this.#sealedUndrawn.push(point);
      }
      this.#revised.delete(end);
      this.#touched.delete(end);
      this.#drawn.delete(end);
    }
    this.#sealedEnd = sealedEnd;
    this.#panes.dropThrough(sealedEnd);
  }

  /** Windows come into view when their last step begins. */
  #show(clockMs: number): void {
    const { everyMs } = this.compiled.metric.window;
    const visibleEnd = Math.max(floorTo(clockMs, everyMs) + everyMs, this.#finalEnd);
    if (visibleEnd <= this.#visibleEnd) return;
    if (this.#visibleEnd > 0) {
      for (const end of this.#panes.endsBetween(this.#visibleEnd, visibleEnd)) this.#touched.add(end);
    }
    this.#visibleEnd = visibleEnd;
  }

  #addChangesOf(end: number, builder: SeriesBuilder): void {
    const drawn = this.#drawn.get(end) ?? new Map<string, Drawn>();
    this.#drawn.set(end, drawn);
    for (const [key, accumulator] of this.#panes.compose(end)) {
      const v = accumulator.result(this.compiled.metric.window.sizeMs);
      const s = this.#state(end, key);
      const before = drawn.get(key);
      if (before !== undefined && before.v === v && before.s === s) continue;
      drawn.set(key, { v, s });
      builder.addValue(end, key, v, s);
    }
  }

  #state(end: number, key: string): PointState {
    if (end > this.#finalEnd) return POINT_STATE.provisional;
    return this.#revised.get(end)?.has(key) ? POINT_STATE.revised : POINT_STATE.final;
  }
}
