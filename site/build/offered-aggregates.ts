/** The aggregates that the editor offers, with what they are taken of. */
export const AGGREGATES = [
  { fn: "count", label: "Count of events", takes: "nothing" },
  { fn: "rate", label: "Events per second", takes: "nothing" },
  { fn: "sum", label: "Sum", takes: "number" },
  { fn: "avg", label: "Average", takes: "number" },
  { fn: "min", label: "Smallest", takes: "number" },
  { fn: "max", label: "Greatest", takes: "number" },
  { fn: "last", label: "Newest", takes: "number" },
  { fn: "p50", label: "Median (p50)", takes: "number" },
  { fn: "p95", label: "p95", takes: "number" },
  { fn: "p99", label: "p99", takes: "number" },
  { fn: "histogram", label: "Distribution", takes: "number" },
  { fn: "uniques", label: "Different values", takes: "any" },
  { fn: "topk", label: "Top 10 of", takes: "any" },
] as const;

/** What the aggregate needs: nothing, a number, or any value. One that is not offered says so itself. */
export function takes(aggregate: string): "nothing" | "number" | "any" {
  return AGGREGATES.find(({ fn }) => fn === aggregate)?.takes ?? "nothing";
}
