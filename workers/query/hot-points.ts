import type { HotQuerySettings } from "../../durable-objects/settings.ts";
import type { Part } from "../../durable-objects/tiers/plan.ts";
import type { AggregateName } from "../../protocol/aggregate-spec.ts";
import type { Metric } from "../../protocol/metric.ts";
import {
  type Label,
  NAME_LABEL,
  PROJECT_LABEL,
  QUANTILE_LABEL,
  SeriesNaming,
} from "../../protocol/prometheus-names.ts";
import { type Group, POINT_STATE, type Series } from "../../protocol/series.ts";
import { unavailable } from "../http-error.ts";

/** A series as the Prometheus HTTP API gives its raw samples: `[epoch s, value as text]`. */
interface Samples {
  metric: Record<string, string>;
  values?: [number, string][];
}

/** Someone waits for the answer, and the archive may have the same. */
const TIMEOUT_MS = 15_000;
/** What two values of one group and step are together. */
const ADD_UP: Partial<Record<AggregateName, (a: number, b: number) => number>> = {
  count: (a, b) => a + b,
  rate: (a, b) => a + b,
  sum: (a, b) => a + b,
  min: Math.min,
  max: Math.max,
  histogram: (a, b) => a + b,
};

/** Sealed points of one project from the hot store. */
export class HotPoints {
  readonly #settings: HotQuerySettings;
  readonly #project: string;

  constructor(settings: HotQuerySettings, project: string) {
    this.#settings = settings;
    this.#project = project;
  }

  /** The points of a metric in the steps that end in `(afterMs, untilMs]`. */
  async read(metric: Metric, { afterMs, untilMs }: Part, stepMs: number): Promise<Series[]> {
    const naming = new SeriesNaming(this.#project, metric);
    const groups = new Map<string, { group: Group; values: Map<number, number> }>();
    // Raw samples: an instant query of a range. A range query would fill gaps with what came before.
    const samples = await this.#ask(`${selectorOf(naming)}[${untilMs - afterMs}ms]`, untilMs);
    for (const { metric: labels, values = [] } of samples) {
      const group = naming.groupOf(labels);
      const key = JSON.stringify(group);
      const known = groups.get(key) ?? { group, values: new Map<number, number>() };
      groups.set(key, known);
      for (const [seconds, text] of values)
        addSample(known.values, metric, Math.round(seconds * 1_000), text);
    }
    const inSteps = (ends: Map<number, number>): Map<number, number> =>
      stepped(ends, metric, { afterMs, untilMs }, stepMs);
    return Array.from(groups.values(), ({ group, values }) => seriesOf(group, inSteps(values))).filter(
      ({ t }) => t.length > 0,
    );
  }

  async #ask(query: string, atMs: number): Promise<Samples[]> {
    const { queryUrl, token } = this.#settings;
    const form = new URLSearchParams({ query, time: String(atMs / 1_000) });
    form.set("extra_label", `${PROJECT_LABEL}=${this.#project}`);
    let response: Response;
    try {
      response = await fetch(`${queryUrl}/api/v1/query`, {
        method: "POST",
        body: form,
        headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
        redirect: "manual",
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
    } catch {
      throw unavailable("the hot store does not answer", 5_000);
    }
    if (!response.ok) {
      await response.body?.cancel();
      throw unavailable(`the hot store answers with ${response.status}`, 5_000);
    }
    const answer = await response.json<{ data?: { result?: Samples[] } }>().catch(() => undefined);
    const samples = answer?.data?.result;
    if (!Array.isArray(samples)) throw unavailable("the hot store's answer is not Prometheus's", 5_000);
    return samples;
  }
}

function selectorOf(naming: SeriesNaming): string {
  const fixed = naming.labelsOf({});
  const matchers = fixed
    .filter(([name]: Label) => [NAME_LABEL, PROJECT_LABEL, QUANTILE_LABEL].includes(name))
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  return `{${matchers.join(",")}}`;
}

/** Shards of a split metric each have an `__other__`: their values add up. */
function addSample(
  values: Map<number, number>,
  { aggregate, shards }: Metric,
  end: number,
  text: string,
): void {
  const value = Number(text);
  if (!Number.isFinite(value)) return;
  const known = values.get(end);
  const add = ADD_UP[aggregate.fn];
  values.set(end, known === undefined || shards === 1 || add === undefined ? value : add(known, value));
}

function stepped(
  values: Map<number, number>,
  { aggregate, window }: Metric,
  { afterMs, untilMs }: Pick<Part, "afterMs" | "untilMs">,
  stepMs: number,
): Map<number, number> {
  const steps = new Map<number, number>();
  const add = window.type === "sliding" || stepMs === window.everyMs ? undefined : ADD_UP[aggregate.fn];
  for (const [end, value] of values) {
    if (end <= afterMs || end > untilMs) continue;
    const step = Math.ceil(end / stepMs) * stepMs;
    if (add === undefined && step !== end) continue;
    const known = steps.get(step);
    steps.set(step, known === undefined || add === undefined ? value : add(known, value));
  }
  return steps;
}

function seriesOf(group: Group, values: Map<number, number>): Series {
  const t = [...values.keys()].sort((a, b) => a - b);
  return { group, t, v: t.map((end) => values.get(end) ?? null), s: t.map(() => POINT_STATE.sealed) };
}
