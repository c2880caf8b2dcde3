import type { Metric } from "../../protocol/metric.ts";
import { LIMITS } from "../../protocol/limits.ts";
import type { Group, Series } from "../../protocol/series.ts";
import { inputsOf, type View, viewFault } from "../../protocol/view.ts";
import type { Definitions } from "../catalog/definitions.ts";
import { type CompiledMetric, compileMetric, type DefinedMetric } from "../engine/compiled-metric.ts";
import type { MetricWindows } from "../engine/metric-windows.ts";
import type { SealedPoint } from "../engine/sealed-point.ts";
import { groupOf, matchesGroups } from "../engine/group-key.ts";
import { projectOf, shardsOf } from "../engine/placement.ts";
import { mergeShares, shareOf, type ShareReading } from "../engine/shares.ts";
import { viewInputs, viewSeries } from "../engine/views.ts";
import { countPoints, resample, seriesOf, type WindowPoint } from "../engine/window-points.ts";
import type { WindowSet } from "../engine/window-set.ts";
import type { MetricWindow } from "../metric-window.ts";
import { errorOf, PlanMovedError, TooManyPointsError } from "./reading-errors.ts";
import type { PointKeeper } from "./point-keeper.ts";
import type { WindowStore } from "../storage/window-store.ts";
import { keptAfter } from "../tiers/plan.ts";
import type { Refusal } from "./window-query.ts";

/** Ends of windows in `[fromMs, toMs]`, one point every `stepMs`. */
export interface Span {
  fromMs: number;
  toMs: number;
  stepMs: number;
  /** What else of a metric may be left out: groups that match none of these. */
  groups?: Group[];
  /**
   * It was planned, by these revisions of metrics: it is read whole or not at all. Absent: what there is of it is read.
   * `fromMs` is the end of a whole step then.
   */
  revisions?: Record<string, number>;
}

/** Points of one metric. `watermark` is epoch ms, or null before the first event. */
export interface Reading {
  series: Series[];
  watermark: number | null;
}

/** Sealed points of one window object, as they are kept. */
export interface KeptPoints {
  /** What ends by then is not kept any more: the archive has it, rolled up. */
  lostMs: number;
  /** Ascending in their ends. */
  points: SealedPoint[];
}

interface MetricReaderOptions {
  objectName: string;
  set: WindowSet;
  store: WindowStore;
  definitions: () => Definitions;
  object: (name: string) => DurableObjectStub<MetricWindow>;
  /** What is kept of a metric, and what the archive has not rolled up of it. */
  keeper: () => Pick<PointKeeper, "kept" | "notRolledUp">;
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

  /**
   * @returns undefined when there is no such metric, or a view lacks one of its own.
   * @throws TooManyPointsError
   * @throws PlanMovedError
   */
  async read(name: string, span: Span): Promise<Reading | undefined> {
    const view = this.view(name);
    if (view !== undefined) return this.#readView(view, span);
    const defined = this.#defined(name);
    if (defined === undefined) return undefined;
    if (defined.metric.shards > 1) return this.#readSplit(defined, span);
    const windows = this.#options.set.metric(name);
    if (windows === undefined) return undefined;
    this.#checkPlan(windows, span);
    return {
      series: seriesOf(windows.compiled, this.#points(windows, span)),
      watermark: this.#watermark(windows),
    };
  }

  /**
   * What this object has of a metric that is split; undefined: it is not one of its objects.
   *
   * @throws TooManyPointsError
   * @throws PlanMovedError
   */
  readShare(name: string, span: Span): ShareReading | undefined {
    const windows = this.#options.set.metric(name);
    if (windows === undefined) return undefined;
    this.#checkPlan(windows, span);
    const { compiled, finalEnd, sealedEnd } = windows;
    const share = shareOf(compiled, this.#points(windows, span));
    return { ...share, watermark: this.#watermark(windows), closed: { finalEnd, sealedEnd } };
  }

  /**
   * What this object keeps of a metric's sealed points with their ends in `(afterMs, untilMs]`, of which the archive has the
   * rest rolled up.
   *
   * @throws TooManyPointsError
   * @throws PlanMovedError when the archive has not, or the metric is another by this name.
   */
  keptPoints({ metric: { name }, revision }: DefinedMetric, afterMs: number, untilMs: number): KeptPoints {
    const windows = this.#options.set.metric(name);
    if (windows?.compiled.revision !== revision) throw new PlanMovedError();
    const notRolledUp = this.#options.keeper().notRolledUp(windows.compiled.metric);
    if (notRolledUp.some(([after, until]) => after < untilMs && until > afterMs)) throw new PlanMovedError();
    const { points } = this.#options.store;
    const lostMs = points.ledger.lostMs(name);
    const fromMs = Math.max(afterMs, lostMs) + 1;
    checkCount(points.rows.count(name, fromMs, untilMs), LIMITS.answeredPoints, "reads");
    const kept = [...points.rows.read(name, fromMs, untilMs)];
    return { lostMs, points: kept.filter(([end]) => end >= fromMs && end <= untilMs) };
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
    const shares: ShareReading[] = [];
    let answered = 0;
    for (const text of readings) {
      if (text === undefined) return undefined;
      const share = JSON.parse(text) as ShareReading | Refusal;
      if ("ok" in share) throw errorOf(share);
      shares.push(share);
      answered += share.series.reduce((sum, { t }) => sum + t.length, 0);
      checkCount(answered, LIMITS.answeredPoints, "answers with");
    }
    const windowMs = window.type === "sliding" ? window.sizeMs : span.stepMs;
    const watermarks = shares.map(({ watermark }) => watermark);
    return {
      series: mergeShares(compileMetric(defined), shares, windowMs),
      watermark: watermarks.reduce((a, b) => (a === null || b === null ? null : Math.min(a, b))) ?? null,
    };
  }

  async #readView(view: View, span: Span): Promise<Reading | undefined> {
    // Groups are picked from what is computed.
    const { fromMs, toMs, groups: _, ...rest } = span;
    if (viewFault(view, (name) => this.#defined(name)?.metric) !== undefined) return undefined;
    const [first, second] = viewInputs(view);
    const before = (agoMs: number): Span => ({ ...rest, fromMs: fromMs - agoMs, toMs: toMs - agoMs });
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

  /** @throws PlanMovedError when a span was planned that is not here whole any more. */
  #checkPlan(windows: MetricWindows, { fromMs, toMs, stepMs, revisions }: Span): void {
    if (revisions === undefined || toMs < fromMs) return;
    const { metric, revision } = windows.compiled;
    const kept = this.#options.keeper().kept(metric);
    if (revisions[metric.name] !== revision || keptAfter(kept, stepMs) > fromMs - stepMs)
      throw new PlanMovedError();
  }

  *#points(windows: MetricWindows, { fromMs, toMs, stepMs, groups }: Span): Generator<WindowPoint> {
    // The first and the last step are whole, or left out: part of one would look like all of it.
    const wholeFromMs = Math.ceil(fromMs / stepMs) * stepMs - stepMs + 1;
    const wholeToMs = Math.floor(toMs / stepMs) * stepMs;
    const { compiled, finalEnd, sealedEnd } = windows;
    const { points } = this.#options.store;
    const { name } = compiled.metric;
    checkCount(points.rows.count(name, wholeFromMs, wholeToMs), LIMITS.readPoints, "reads");
    const stored = points.rows.read(name, wholeFromMs, wholeToMs);
    const all = ofGroups(compiled, windows.points(wholeFromMs, wholeToMs, stored), groups);
    let answered = 0;
    for (const point of resample(compiled, all, stepMs, { finalEnd, sealedEnd })) {
      answered += countPoints(point.outcome);
      checkCount(answered, LIMITS.answeredPoints, "answers with");
      yield point;
    }
  }

  #watermark(windows: MetricWindows): number | null {
    const watermark = this.#options.set.watermarkOf(windows.compiled);
    return watermark < 0 ? null : watermark;
  }
}

function* ofGroups(
  { metric: { groupBy } }: CompiledMetric,
  points: Iterable<WindowPoint>,
  groups: readonly Group[] | undefined,
): Generator<WindowPoint> {
  // Whoever asks for a ranking's item asks for all of its groups.
  const matchers = groups?.map((group) =>
    Object.fromEntries(Object.entries(group).filter(([name]) => groupBy.includes(name))),
  );
  const known = new Map<string, boolean>();
  for (const point of points) {
    let matches = known.get(point.key);
    if (matches === undefined)
      known.set(point.key, (matches = matchesGroups(groupOf(groupBy, point.key), matchers)));
    if (matches) yield point;
  }
}

/** @throws TooManyPointsError */
export function checkCount(points: number, bound: number, verb: string): void {
  if (points <= bound) return;
  throw new TooManyPointsError(
    `the question ${verb} more than ${bound} points; ask for a shorter span, a longer step, or fewer groups`,
  );
}
