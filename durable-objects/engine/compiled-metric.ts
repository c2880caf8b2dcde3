import type { Event } from "../../protocol/event.ts";
import { type Metric, paneMs } from "../../protocol/metric.ts";
import type { Aggregate } from "./aggregates/aggregate.ts";
import { AGGREGATES } from "./aggregates/registry.ts";
import { groupKeyOf } from "./group-key.ts";

/** A metric with the catalog revision that made it what it is: another definition is another revision. */
export interface DefinedMetric {
  metric: Metric;
  revision: number;
}

/** A definition turned into functions, once, for the hot path. */
export interface CompiledMetric extends DefinedMetric {
  paneMs: number;
  aggregate: Aggregate;
  groupKey: (event: Event) => string;
  /** The number to aggregate; NaN when the event has none. Aggregates that need none get 0. */
  input: (event: Event) => number;
}

/** Compiles a definition. */
export function compileMetric({ metric, revision }: DefinedMetric): CompiledMetric {
  const aggregate = AGGREGATES[metric.aggregate.fn];
  return {
    metric,
    revision,
    paneMs: paneMs(metric.window),
    aggregate,
    groupKey: groupKeyOf(metric.groupBy),
    input: aggregate.needsNumber ? numberOf(metric.aggregate.field ?? "value") : () => 0,
  };
}

function numberOf(field: string): (event: Event) => number {
  if (field === "value") return (event) => event.value ?? Number.NaN;
  return (event) => {
    const value =
      event.props !== undefined && Object.hasOwn(event.props, field) ? event.props[field] : undefined;
    return typeof value === "number" ? value : Number.NaN;
  };
}
