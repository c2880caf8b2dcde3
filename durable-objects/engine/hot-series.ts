import { type Label, SeriesNaming } from "../../protocol/prometheus-names.ts";
import type { CompiledMetric } from "./compiled-metric.ts";
import { OTHER_GROUP } from "./group-key.ts";
import { readSealed, type SealedPoint } from "./sealed-point.ts";
import { SeriesBuilder } from "./window-points.ts";

/** Samples of one series on their way to the hot store: columns of equal length, ascending in `t` (epoch ms). */
export interface HotSeries {
  labels: Label[];
  t: number[];
  v: number[];
}

/** Gathers sealed points of several metrics into series, each once. */
export class HotSeriesBuilder {
  readonly #project: string;
  readonly #shard: string | undefined;
  readonly #series = new Map<string, HotSeries>();

  /** @param shard of a split metric, which of its window objects this is: each has an `__other__` of its own. */
  constructor(project: string, shard?: string) {
    this.#project = project;
    this.#shard = shard;
  }

  /** Adds points of one metric, ascending in their ends. A point without a number is none. */
  add(compiled: CompiledMetric, points: readonly SealedPoint[]): void {
    const naming = new SeriesNaming(this.#project, compiled.metric);
    const builder = new SeriesBuilder(compiled);
    for (const point of points) builder.add(readSealed(compiled, point));
    for (const { group, t, v } of builder.series()) {
      const isOther = compiled.metric.groupBy.some((key) => group[key] === OTHER_GROUP);
      const series = this.#seriesOf(naming.labelsOf(group, isOther ? this.#shard : undefined));
      for (const [i, end] of t.entries()) {
        const value = v[i];
        if (value === null || value === undefined) continue;
        series.t.push(end);
        series.v.push(value);
      }
    }
  }

  take(): HotSeries[] {
    return [...this.#series.values()].filter(({ t }) => t.length > 0);
  }

  #seriesOf(labels: Label[]): HotSeries {
    const key = JSON.stringify(labels);
    let series = this.#series.get(key);
    if (series === undefined) this.#series.set(key, (series = { labels, t: [], v: [] }));
    return series;
  }
}

/** How many samples there are. */
export function countSamples(series: readonly HotSeries[]): number {
  return series.reduce((sum, { t }) => sum + t.length, 0);
}

/** The samples in two parts of about the same size, or undefined where there is but one. */
export function halve(series: readonly HotSeries[]): [HotSeries[], HotSeries[]] | undefined {
  if (series.length > 1) {
    const middle = series.length >> 1;
    return [series.slice(0, middle), series.slice(middle)];
  }
  const [only] = series;
  if (only === undefined || only.t.length < 2) return undefined;
  const middle = only.t.length >> 1;
  const part = (from: number, to: number): HotSeries[] => [
    { labels: only.labels, t: only.t.slice(from, to), v: only.v.slice(from, to) },
  ];
  return [part(0, middle), part(middle, only.t.length)];
}
