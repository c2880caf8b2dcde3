import { NAME_LABEL } from "../../../protocol/prometheus-names.ts";
import type { Aggregation, Expression } from "./expression.ts";
import { type Column, emptyColumn, labelKey, type Labels, type Steps } from "./series.ts";

type Grouping = Pick<Extract<Expression, { type: "aggregation" }>, "name" | "by" | "labels">;

/** Aggregates over the series that agree in some labels. */
export function aggregate(
  { name, by, labels }: Grouping,
  columns: readonly Column[],
  steps: Steps,
): Column[] {
  const groups = new Map<string, { column: Column; counts: Float64Array }>();
  for (const column of columns) {
    const kept = by ? only(column.labels, labels) : except(column.labels, [...labels, NAME_LABEL]);
    const key = labelKey(kept);
    let group = groups.get(key);
    if (group === undefined) {
      group = { column: emptyColumn(kept, steps), counts: new Float64Array(steps.count) };
      groups.set(key, group);
    }
    addTo(name, group.column, group.counts, column);
  }
  if (name === "avg" || name === "count") {
    for (const { column, counts } of groups.values()) {
      column.values = name === "count" ? counts : column.values.map((sum, i) => sum / (counts[i] ?? 1));
    }
  }
  return Array.from(groups.values(), ({ column }) => column);
}

function addTo(name: Aggregation, to: Column, counts: Float64Array, from: Column): void {
  for (let i = 0; i < from.values.length; i++) {
    if (from.present[i] === 0) continue;
    const value = from.values[i] ?? Number.NaN;
    const before = to.values[i] ?? Number.NaN;
    const isFirst = to.present[i] === 0;
    to.values[i] = isFirst ? value : combine(name, before, value);
    to.present[i] = 1;
    counts[i] = (counts[i] ?? 0) + 1;
  }
}

function combine(name: Aggregation, a: number, b: number): number {
  switch (name) {
    case "min":
      return b < a || Number.isNaN(a) ? b : a;
    case "max":
      return b > a || Number.isNaN(a) ? b : a;
    case "sum":
    case "avg":
    case "count":
      return a + b;
  }
}

function only(labels: Labels, names: readonly string[]): Labels {
  return new Map([...labels].filter(([name]) => names.includes(name)));
}

function except(labels: Labels, names: readonly string[]): Labels {
  return new Map([...labels].filter(([name]) => !names.includes(name)));
}
