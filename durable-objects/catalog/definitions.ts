import { type Metric, meansTheSame, type MetricSource, parseMetric } from "../../protocol/metric.ts";
import {
  inputFault,
  inputsOf,
  isViewSource,
  parseView,
  type View,
  viewFault,
  type ViewSource,
} from "../../protocol/view.ts";
import type { DefinedMetric } from "../engine/compiled-metric.ts";

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

/**
 * The view that cannot be computed from these definitions, of those that are or read what was changed.
 *
 * @returns also which change it is because of.
 */
export function viewFaultAfter(
  sources: readonly DefinitionSource[],
  changed: Pick<ReadonlySet<string>, "has">,
): (ViewFault & { because: string }) | undefined {
  const { metrics, views } = parseDefinitions(sources.map((source) => ({ revision: 0, source })));
  const metricOf = (input: string): Metric | undefined =>
    metrics.find(({ metric }) => metric.name === input)?.metric;
  for (const { view } of views) {
    const because = [view.name, ...inputsOf(view)].find((name) => changed.has(name));
    if (because === undefined) continue;
    const message = because === view.name ? viewFault(view, metricOf) : inputFault(view, metricOf);
    if (message !== undefined) return { view: view.name, message, because };
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
