import { LIMITS } from "../../protocol/limits.ts";
import { type CompiledMetric, compileMetric, type DefinedMetric } from "./compiled-metric.ts";
import { MemoryBudget } from "./memory-budget.ts";
import { type EncodedMetricWindows, MetricWindows } from "./metric-windows.ts";
import type { RangePartial } from "./partials.ts";
import { Watermark } from "./watermark.ts";

/** A step that changes the state of a {@link WindowSet}. A journal of them, replayed, restores it. */
export type WindowStep =
  | { type: "range"; partial: RangePartial }
  /** Readers' words: `[partition, when it stood at the end of the log]`. */
  | { type: "caughtUp"; partitions: [partition: number, caughtUpMs: number][] };

/** The part of the state that all metrics share. */
export interface EncodedWindowSet {
  /** Last offset applied of each partition. */
  applied: number[];
  clocks: number[][];
}

/** What a set needs to know of its deployment. */
export interface WindowSetOptions {
  partitions: number;
  idlePartitionMs: number;
}

/** Who looks at the windows after every step, replayed ones too. */
export interface StepObserver {
  stepped: () => void;
  /** By which time of the clock a window has to be closed even if nothing comes, epoch ms; Infinity: none has. */
  readonly awaitedMs: number;
}

/**
 * The metrics of one window object: which ranges of the log they hold, the watermark, the windows.
 * Pure: every step is given its time, and the same steps end in the same state.
 */
export class WindowSet {
  readonly #options: WindowSetOptions;
  readonly #metrics = new Map<string, MetricWindows>();
  readonly #applied: number[];
  readonly #watermark: Watermark;
  readonly #budget = new MemoryBudget(LIMITS.windowStateBytes);
  observer: StepObserver | undefined;

  constructor(options: WindowSetOptions, encoded?: EncodedWindowSet) {
    this.#options = options;
    this.#applied = Array.from({ length: options.partitions }, (_, p) => encoded?.applied[p] ?? -1);
    this.#watermark = new Watermark(options.partitions, options.idlePartitionMs, encoded?.clocks);
  }

  /**
   * Takes the definitions in force. A metric of the same revision keeps its windows. Any other begins anew, with the
   * ranges that follow; what it was before ends here: its open windows are sealed as they stand.
   *
   * @returns the metrics that ended.
   */
  define(definitions: readonly DefinedMetric[]): MetricWindows[] {
    const wanted = new Map(definitions.map((defined) => [defined.metric.name, defined]));
    const ended: MetricWindows[] = [];
    for (const [name, windows] of this.#metrics) {
      const defined = wanted.get(name);
      if (defined?.revision === windows.compiled.revision) {
        windows.adopt(compileMetric(defined));
        continue;
      }
      windows.close();
      windows.release();
      this.#metrics.delete(name);
      ended.push(windows);
    }
    const since = this.#applied.map((offset) => offset + 1);
    for (const [name, defined] of wanted) {
      if (this.#metrics.has(name)) continue;
      const windows = new MetricWindows(compileMetric(defined), this.#budget, { since });
      // What is sealed for the others is sealed for it, after a restart as before.
      this.#advance(windows);
      this.#metrics.set(name, windows);
    }
    return ended;
  }

  /** Puts back one metric as {@link MetricWindows.encode} gave it. */
  restoreMetric(defined: DefinedMetric, encoded: EncodedMetricWindows): void {
    const compiled = compileMetric(defined);
    this.#metrics.set(defined.metric.name, new MetricWindows(compiled, this.#budget, encoded));
  }

  /** The last offset of a partition that is applied; -1: none. */
  appliedOffset(partition: number): number {
    return this.#applied[partition] ?? -1;
  }

  /** Takes one step at `nowMs`. A range that does not begin where the last one ended changes nothing. */
  step(step: WindowStep, nowMs: number): void {
    if (step.type === "caughtUp") {
      for (const [partition, caughtUpMs] of step.partitions) {
        this.#watermark.caughtUp(partition, Math.min(caughtUpMs, nowMs));
      }
    } else {
      this.#applyRange(step.partial, nowMs);
    }
    for (const windows of this.#metrics.values()) this.#advance(windows);
    this.observer?.stepped();
  }

  #advance(windows: MetricWindows): void {
    windows.advance({ watermark: this.watermarkOf(windows.compiled), edge: this.#watermark.maxTs });
  }

  #applyRange(partial: RangePartial, nowMs: number): void {
    if (partial.after !== this.appliedOffset(partial.partition)) return;
    this.#applied[partial.partition] = partial.to;
    for (const windows of this.#metrics.values()) windows.start.begin(partial.partition, partial.from);
    for (const metric of partial.metrics) {
      const windows = this.#metrics.get(metric.name);
      if (windows !== undefined && windows.compiled.revision === metric.revision) windows.apply(metric);
    }
    this.#watermark.applied(partial.partition, partial.maxTs, nowMs);
  }

  /** Whether no event and no reader's word has come yet. */
  get isTimeUnknown(): boolean {
    return this.#watermark.maxTs < 0;
  }

  /** Begins with what another object of the project knows of time, so that what is late there is late here. */
  learnTime(clocks: readonly number[][]): void {
    this.#watermark.learn(clocks);
  }

  /** Event time up to which a metric believes it has seen everything; negative while unknown. */
  watermarkOf(compiled: CompiledMetric): number {
    return this.#watermark.time - compiled.metric.delayMs;
  }

  /** A metric's windows, or undefined when it is not defined here. */
  metric(name: string): MetricWindows | undefined {
    return this.#metrics.get(name);
  }

  metrics(): IterableIterator<MetricWindows> {
    return this.#metrics.values();
  }

  /** Memory that all aggregates take together. */
  get bytes(): number {
    return this.#budget.usedBytes;
  }

  /** Sealed points that wait to be taken. */
  get sealedPoints(): number {
    let points = 0;
    for (const windows of this.#metrics.values()) points += windows.sealedPoints;
    return points;
  }

  /** Whether some window waits for the watermark. */
  get hasOpenWindows(): boolean {
    for (const windows of this.#metrics.values()) if (windows.nextEnd("sealed") !== undefined) return true;
    return false;
  }

  /** Partitions whose readers' word could close windows that, by the clock, have ended. */
  partitionsToAsk(nowMs: number): number[] {
    if (this.observer !== undefined && this.observer.awaitedMs <= nowMs) {
      return this.#watermark.partitionsToAsk(nowMs);
    }
    for (const windows of this.#metrics.values()) {
      const { delayMs, latenessMs } = windows.compiled.metric;
      const final = windows.nextEnd("final");
      const sealed = windows.nextEnd("sealed");
      if (final !== undefined && final + delayMs <= nowMs) return this.#watermark.partitionsToAsk(nowMs);
      if (sealed !== undefined && sealed + delayMs + latenessMs <= nowMs)
        return this.#watermark.partitionsToAsk(nowMs);
    }
    return [];
  }

  /** Partitions that are silent: what time it is there only their readers know. */
  silentPartitions(nowMs: number): number[] {
    return this.#watermark.partitionsToAsk(nowMs);
  }

  /** The shared state, for the constructor. */
  encode(): EncodedWindowSet {
    return { applied: this.#applied, clocks: this.#watermark.encode() };
  }

  /** How many partitions the set knows. */
  get partitions(): number {
    return this.#options.partitions;
  }
}
