import { type Metric, meansTheSame, type MetricSource, parseMetric } from "../protocol/metric.ts";
import {
  inputFault,
  inputsOf,
  isViewSource,
  parseView,
  type View,
  viewFault,
  type ViewSource,
} from "../protocol/view.ts";
import type { DefinedMetric } from "./engine/compiled-metric.ts";

/** A project's metrics and views at one version. */
export interface Definitions {
  version: number;
  metrics: DefinedMetric[];
  views: DefinedView[];
}

/** A view with the catalog revision that made it what it is. */
export interface DefinedView {
  view: View;
  revision: number;
}

/** What `PUT /v1/catalog/metrics/{name}` takes. */
export type DefinitionSource = MetricSource | ViewSource;

/** A change that would leave a view without the metrics that it is computed from. */
export interface ViewFault {
  view: string;
  message: string;
}

/** The view that could not be computed any more when `source` takes the place of what has its name. */
export function viewFaultAfter(
  sources: readonly DefinitionSource[],
  name: string,
  source?: DefinitionSource,
): ViewFault | undefined {
  const kept = sources.filter((each) => each.name !== name);
  const after = source === undefined ? kept : [...kept, source];
  const { metrics, views } = parseDefinitions(after.map((each) => ({ revision: 0, source: each })));
  const metricOf = (input: string): Metric | undefined =>
    metrics.find(({ metric }) => metric.name === input)?.metric;
  for (const { view } of views) {
    if (view.name !== name && !inputsOf(view).includes(name)) continue;
    const message = view.name === name ? viewFault(view, metricOf) : inputFault(view, metricOf);
    if (message !== undefined) return { view: view.name, message };
  }
  return undefined;
}

/** Whether a metric can go on with its windows. */
export function meanTheSame(a: DefinitionSource, b: DefinitionSource): boolean {
  return a.name === b.name && meansTheSame(a.name, a, b);
}

/** Definitions in the engine's terms. What an older version stored and this one does not read is left out. */
export function parseDefinitions(
  sources: readonly { revision: number; source: DefinitionSource }[],
): Pick<Definitions, "metrics" | "views"> {
  const metrics: DefinedMetric[] = [];
  const views: DefinedView[] = [];
  for (const { revision, source } of sources) {
    const view = isViewSource(source) ? parseView(source.name, source) : undefined;
    if (view?.ok === true) views.push({ view: view.value, revision });
    const metric = view === undefined ? parseMetric(source.name, source) : undefined;
    if (metric?.ok === true) metrics.push({ metric: metric.value, revision });
  }
  return { metrics, views };
}
