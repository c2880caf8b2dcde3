import type { Env } from "../../durable-objects/env.ts";
import type { Metric } from "../../protocol/metric.ts";
import { NAME_LABEL, SeriesNaming, seriesName } from "../../protocol/prometheus-names.ts";
import type { QueryAnswer, Series } from "../../protocol/series.ts";
import { askTiers } from "../query/ask-tiers.ts";
import { type Matcher, matchesLabels } from "./promql/matcher.ts";
import { PromqlError } from "./promql/promql-error.ts";
import type { Budget, SampleSeries } from "./promql/series.ts";

/** Points that a window object reads in one go: other work has its turn between two. */
const POINTS_AT_ONCE = 200_000;
const MOST_WINDOWS_AT_ONCE = 10_000;
const LEAST_WINDOWS_AT_ONCE = 20;
/** How far back from its end a listing looks: at least this long, and these many windows. */
const LISTED_MS = 3_600_000;
const LISTED_WINDOWS = 100;

/** A project's metrics as Prometheus series, from its window objects. */
export class WindowSeries {
  readonly #env: Env;
  readonly #project: string;

  constructor(env: Env, project: string) {
    this.#env = env;
    this.#project = project;
  }

  async metrics(): Promise<Metric[]> {
    return JSON.parse(await this.#object().metrics()) as Metric[];
  }

  naming(metric: Metric): SeriesNaming {
    return new SeriesNaming(this.#project, metric);
  }

  /** The samples in `[fromMs, toMs]` of all series that match. */
  async samples(
    matchers: readonly Matcher[],
    fromMs: number,
    toMs: number,
    budget: Budget,
  ): Promise<SampleSeries[]> {
    const named = (await this.metrics()).filter((metric) => mayMatch(metric, matchers));
    const all: SampleSeries[] = [];
    for (const metric of named) {
      const naming = this.naming(metric);
      for (const { group, t, v } of await this.#read(metric, fromMs, toMs, budget)) {
        const labels = new Map(naming.labelsOf(group));
        if (t.length > 0 && matchesLabels(matchers, labels)) all.push({ labels, t, v });
      }
    }
    return all;
  }

  /** The labels of the series that match and had a sample, as far back from `toMs` as a listing looks. */
  async labelSets(
    matchers: readonly Matcher[],
    fromMs: number,
    toMs: number,
    budget: Budget,
  ): Promise<ReadonlyMap<string, string>[]> {
    const named = (await this.metrics()).filter((metric) => mayMatch(metric, matchers));
    const sets: ReadonlyMap<string, string>[] = [];
    for (const metric of named) {
      const naming = this.naming(metric);
      const { everyMs } = metric.window;
      const untilMs = Math.min(toMs, Date.now() + everyMs);
      const sinceMs = Math.max(fromMs, untilMs - Math.max(LISTED_MS, LISTED_WINDOWS * everyMs));
      for (const { group } of await this.#read(metric, sinceMs, untilMs, budget)) {
        const labels = new Map(naming.labelsOf(group));
        if (matchesLabels(matchers, labels)) sets.push(labels);
      }
    }
    return sets;
  }

  async #read(metric: Metric, fromMs: number, toMs: number, budget: Budget): Promise<GatheredSeries[]> {
    const gathered = new Map<string, GatheredSeries>();
    const { everyMs } = metric.window;
    const lastMs = Math.min(toMs, Date.now() + metric.window.sizeMs + everyMs);
    const mostSeries = metric.groupBy.length === 0 ? 1 : metric.maxGroups;
    let windows = windowsAtOnce(mostSeries);
    for (let beginMs = fromMs; beginMs <= lastMs;) {
      const endMs = Math.min(lastMs, beginMs + windows * everyMs - 1);
      const series = await this.#readSpan(metric, beginMs, endMs);
      for (const each of series) gather(gathered, each, budget);
      windows = windowsAtOnce(Math.max(1, series.length));
      beginMs = endMs + 1;
    }
    return [...gathered.values()];
  }

  async #readSpan(metric: Metric, fromMs: number, toMs: number): Promise<Series[]> {
    const answer = await askTiers(this.#env, this.#project, {
      metric: metric.name,
      fromMs,
      toMs,
      stepMs: metric.window.everyMs,
      upToNow: false,
      mostPoints: Number.MAX_SAFE_INTEGER,
    });
    if ("ok" in answer) {
      if (answer.reason === "unknown_metric") return [];
      if (answer.reason !== "step") throw new PromqlError("execution", answer.message);
      const since = new Date(fromMs).toISOString();
      throw new PromqlError(
        "execution",
        `samples of '${metric.name}' of ${since} are no longer kept as they were sealed: that takes the archive's bucket, or TSDB_QUERY_URL`,
      );
    }
    return "body" in answer ? (JSON.parse(answer.body) as QueryAnswer).series : answer.series;
  }

  #object() {
    return this.#env.METRIC_WINDOW.getByName(this.#project);
  }
}

interface GatheredSeries {
  group: Series["group"];
  t: number[];
  v: number[];
}

function windowsAtOnce(series: number): number {
  const windows = Math.floor(POINTS_AT_ONCE / series);
  return Math.min(MOST_WINDOWS_AT_ONCE, Math.max(LEAST_WINDOWS_AT_ONCE, windows));
}

function gather(gathered: Map<string, GatheredSeries>, { group, t, v }: Series, budget: Budget): void {
  const key = JSON.stringify(group);
  let known = gathered.get(key);
  if (known === undefined) gathered.set(key, (known = { group, t: [], v: [] }));
  budget.take(t.length);
  for (const [i, end] of t.entries()) {
    const value = v[i];
    if (value === null || value === undefined) continue;
    known.t.push(end);
    known.v.push(value);
  }
}

/** Whether a metric's series can match, going by their name. */
function mayMatch(metric: Metric, matchers: readonly Matcher[]): boolean {
  const name = seriesName(metric.name);
  return matchers.every(({ label, matches }) => label !== NAME_LABEL || matches(name));
}
