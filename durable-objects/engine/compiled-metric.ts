import type { Event, PropValue } from "../../protocol/event.ts";
import type { Metric } from "../../protocol/metric.ts";
import { paneMs } from "../../protocol/window-spec.ts";
import type { Aggregate, Input } from "./aggregates/aggregate.ts";
import { aggregateOf } from "./aggregates/registry.ts";
import { groupKeyOf } from "./group-key.ts";
import { propOf } from "./prop-of.ts";
import type { Session } from "./sessions.ts";
import { compileWhere } from "./where.ts";

/** A metric with the catalog revision that made it what it is: another meaning is another revision. */
export interface DefinedMetric {
  metric: Metric;
  revision: number;
}

/** A definition turned into functions, once, for the hot path. */
export interface CompiledMetric extends DefinedMetric {
  paneMs: number;
  aggregate: Aggregate;
  /** Whether the metric takes an event of its name; undefined: every one. */
  accepts: ((event: Event) => boolean) | undefined;
  groupKey: (event: Event) => string;
  /** What to aggregate; undefined when the event lacks it. Aggregates that need nothing get 0. */
  input: (event: Event) => Input | undefined;
  /** The same of a session. */
  sessionInput: (session: Session) => number;
}

/** Compiles a definition. */
export function compileMetric({ metric, revision }: DefinedMetric): CompiledMetric {
  const aggregate = aggregateOf(metric.aggregate);
  const field = metric.aggregate.field ?? "value";
  return {
    metric,
    revision,
    paneMs: paneMs(metric.window),
    aggregate,
    accepts: metric.where && compileWhere(metric.where),
    groupKey: groupKeyOf(metric.groupBy),
    input: inputOf(aggregate, field),
    sessionInput: field === "events" ? ({ events }) => events : ({ firstMs, lastMs }) => lastMs - firstMs,
  };
}

function inputOf({ takes }: Aggregate, field: string): (event: Event) => Input | undefined {
  if (takes === "nothing") return () => 0;
  const valueOf = fieldOf(field);
  if (takes === "number") {
    return (event) => {
      const value = valueOf(event);
      // A log may have been written by others, and JSON can spell what no double holds.
      return typeof value === "number" && Number.isFinite(value) ? value : undefined;
    };
  }
  return (event) => {
    const value = valueOf(event);
    return typeof value === "string" || typeof value === "number" ? value : textOf(value);
  };
}

function fieldOf(field: string): (event: Event) => PropValue | undefined {
  if (field === "value") return ({ value }) => value;
  if (field === "user") return ({ user }) => user;
  return (event) => propOf(event, field);
}

function textOf(value: boolean | null | undefined): string | undefined {
  return typeof value === "boolean" ? String(value) : undefined;
}
