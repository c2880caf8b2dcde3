import type { Metric } from "../protocol/metric.ts";
import type { Series } from "../protocol/series.ts";
import { inputsOf, type View, viewFault } from "../protocol/view.ts";
import type { Definitions } from "./definitions.ts";
import { compileMetric, type DefinedMetric } from "./engine/compiled-metric.ts";
import type { MetricWindows } from "./engine/metric-windows.ts";
import { projectOf, shardsOf } from "./engine/placement.ts";
import { mergeShares, shareOf, type ShareReading } from "./engine/shares.ts";
import { viewInputs, viewSeries } from "./engine/views.ts";
import { resample, seriesOf, type WindowPoint } from "./engine/window-points.ts";
import type { WindowSet } from "./engine/window-set.ts";
import type { MetricWindow } from "./metric-window.ts";
import type { WindowStore } from "./storage/window-store.ts";

/** Ends of windows in `[fromMs, toMs]`, one point every `stepMs`. */
export interface Span {
  fromMs: number;
  toMs: number;
  stepMs: number;
}

/** Points of one metric. `watermark` is epoch ms, or null before the first event. */
export interface Reading {
  series: Series[];
  watermark: number | null;
}

interface MetricReaderOptions {
  objectName: string;
  set: WindowSet;
  store: WindowStore;
  definitions: () => Definitions;
  object: (name: string) => DurableObjectStub<MetricWindow>;
}

/**
 * Reads a project's metrics as if each were whole and of this object: its own from memory and disk, split ones from the
 * objects that share them, views from the metrics that they are of.
 */
export class MetricReader {
  readonly #options: MetricReaderOptions;

  constructor(options: MetricReaderOptions) {
    this.#options = options;
  }

  /** The metric that decides which windows `name` has: itself, or what a view is computed from. */
  metricOf(name: string): Metric | undefined {
    const view = this.view(name);
    return this.#defined(view === undefined ? name : (inputsOf(view)[0] ?? ""))?.metric;
  }

  view(name: string): View | undefined {
    return this.#options.definitions().views.find(({ view }) => view.name === name)?.view;
  }

  /** @returns undefined when there is no such metric, or a view lacks one of its own. */
  async read(name: string, span: Span): Promise<Reading | undefined> {
    const view = this.view(name);
    if (view !== undefined) return this.#readView(view, span);
    const defined = this.#defined(name);
    if (defined === undefined) return undefined;
    if (defined.metric.shards > 1) return this.#readSplit(defined, span);
    const windows = this.#options.set.metric(name);
    if (windows === undefined) return undefined;
    return {
      series: seriesOf(windows.compiled, this.#points(windows, span)),
      watermark: this.#watermark(windows),
    };
  }

  /** What this object has of a metric that is split; undefined: it is not one of its objects. */
  readShare(name: string, span: Span): ShareReading | undefined {
    const windows = this.#options.set.metric(name);
    if (windows === undefined) return undefined;
    const { compiled, finalEnd, sealedEnd } = windows;
    const share = shareOf(compiled, this.#points(windows, span));
    return { ...share, watermark: this.#watermark(windows), closed: { finalEnd, sealedEnd } };
  }

  /** The window objects of a split metric; none of one that is whole. */
  shardsOf(name: string): string[] {
    const shards = this.#defined(name)?.metric.shards ?? 1;
    if (shards === 1) return [];
    return shardsOf(projectOf(this.#options.objectName), name, shards).map((shard) => shard.name);
  }

  /** The window objects that `name` is read from besides this one: those of a split metric, and of those that a view is of. */
  sharesOf(name: string): { metric: string; object: string }[] {
    const view = this.view(name);
    return (view === undefined ? [name] : inputsOf(view)).flatMap((metric) =>
      this.shardsOf(metric).map((object) => ({ metric, object })),
    );
  }

  #defined(name: string): DefinedMetric | undefined {
    return this.#options.definitions().metrics.find(({ metric }) => metric.name === name);
  }

  async #readSplit(defined: DefinedMetric, span: Span): Promise<Reading | undefined> {
    const { name, window } = defined.metric;
    const readings = await Promise.all(
      this.shardsOf(name).map((shard) => this.#options.object(shard).readShare(name, span)),
    );
    const shares = readings
      .filter((share) => share !== undefined)
      .map((share) => JSON.parse(share) as ShareReading);
    if (shares.length < readings.length) return undefined;
    const windowMs = window.type === "sliding" ? window.sizeMs : span.stepMs;
    const watermarks = shares.map(({ watermark }) => watermark);
    return {
      series: mergeShares(compileMetric(defined), shares, windowMs),
      watermark: watermarks.reduce((a, b) => (a === null || b === null ? null : Math.min(a, b))) ?? null,
    };
  }

  async #readView(view: View, span: Span): Promise<Reading | undefined> {
    if (viewFault(view, (name) => this.#defined(name)?.metric) !== undefined) return undefined;
    const [first, second] = viewInputs(view);
    const before = (agoMs: number): Span => ({
      ...span,
      fromMs: span.fromMs - agoMs,
      toMs: span.toMs - agoMs,
    });
    const [now, then] = await Promise.all([
      this.read(first.metric, before(first.agoMs)),
      this.read(second.metric, before(second.agoMs)),
    ]);
    const [metric, other] = [this.metricOf(first.metric), this.metricOf(second.metric)];
    if (!now || !then || !metric || !other) return undefined;
    const inputs = [
      { metric, series: now.series },
      { metric: other, series: then.series },
    ] as const;
    return { series: viewSeries(view, inputs, now.watermark ?? 0), watermark: now.watermark };
  }

  *#points(windows: MetricWindows, { fromMs, toMs, stepMs }: Span): Generator<WindowPoint> {
    // The first and the last step are whole, or left out: part of one would look like all of it.
    const wholeFromMs = Math.ceil(fromMs / stepMs) * stepMs - stepMs + 1;
    const wholeToMs = Math.floor(toMs / stepMs) * stepMs;
    const { compiled, finalEnd, sealedEnd } = windows;
    const stored = this.#options.store.points.read(compiled.metric.name, wholeFromMs, wholeToMs);
    yield* resample(compiled, windows.points(wholeFromMs, wholeToMs, stored), stepMs, {
      finalEnd,
      sealedEnd,
    });
  }

  #watermark(windows: MetricWindows): number | null {
    const watermark = this.#options.set.watermarkOf(windows.compiled);
    return watermark < 0 ? null : watermark;
  }
}
