import { itemLabel } from "./aggregate-spec.ts";
import type { Metric } from "./metric.ts";
import type { Group } from "./series.ts";

/** The label that names the project: one store may hold several. */
export const PROJECT_LABEL = "freshet_project";
/** The label of a percentile: `0.95` of `p95(x)`. */
export const QUANTILE_LABEL = "quantile";
/** The label that tells apart what the window objects of a split metric each fold into `__other__`. */
export const SHARD_LABEL = "freshet_shard";
export const NAME_LABEL = "__name__";

/** A label's name and its value, which is never empty: to Prometheus an empty one is an absent one. */
export type Label = [name: string, value: string];

/** The name of a metric's series: what Prometheus does not allow in it is `_`. */
export function seriesName(metric: string): string {
  return metric.replace(/[^a-zA-Z0-9_:]/g, "_");
}

/** How the series of one metric are labelled. */
export class SeriesNaming {
  readonly #fixed: Label[];
  readonly #labels = new Map<string, string>();

  constructor(project: string, metric: Metric) {
    const { fn, parameter } = metric.aggregate;
    this.#fixed = [
      [NAME_LABEL, seriesName(metric.name)],
      [PROJECT_LABEL, project],
    ];
    if (fn === "percentile") this.#fixed.push([QUANTILE_LABEL, quantileOf(parameter ?? 0)]);
    const taken = new Set([...this.#fixed.map(([name]) => name), SHARD_LABEL]);
    for (const key of groupKeys(metric)) {
      const label = firstFree(labelName(key), taken);
      taken.add(label);
      this.#labels.set(key, label);
    }
  }

  /** The labels that its series may have. */
  labelNames(): string[] {
    return [...this.#fixed.map(([name]) => name), ...this.#labels.values()];
  }

  /** The group of one of its series, by its labels. */
  groupOf(labels: Readonly<Record<string, string>>): Group {
    return Object.fromEntries(Array.from(this.#labels, ([key, label]) => [key, labels[label] ?? ""]));
  }

  /** The labels of one of its series, ascending by name. */
  labelsOf(group: Group, shard?: string): Label[] {
    const labels = [...this.#fixed];
    for (const [key, label] of this.#labels) {
      const value = group[key] ?? "";
      if (value !== "") labels.push([label, value]);
    }
    if (shard !== undefined) labels.push([SHARD_LABEL, shard]);
    return labels.sort(([a], [b]) => (a < b ? -1 : 1));
  }
}

/** The keys of a metric's series: what it groups by, and what is a label of each item or bucket. */
export function groupKeys({ aggregate, groupBy }: Metric): string[] {
  const label = itemLabel(aggregate);
  return label === undefined ? groupBy : [...groupBy, label];
}

/** A prop's name as a label: names that begin with a digit or with `__`, which is Prometheus's own, get `key_` before them. */
function labelName(key: string): string {
  const name = key.replace(/[^a-zA-Z0-9_]/g, "_");
  return /^(?:\d|__)/.test(name) ? `key_${name}` : name;
}

/** Where two keys of a metric, or one and a label of ours, are the same label, the later is `label_2`. */
function firstFree(label: string, taken: ReadonlySet<string>): string {
  let free = label;
  for (let n = 2; taken.has(free); n++) free = `${label}_${n}`;
  return free;
}

/** `0.999` of 99.9: without what binary fractions add. */
function quantileOf(p: number): string {
  return String(Number((p / 100).toPrecision(12)));
}
