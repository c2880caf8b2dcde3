import type { Metric } from "../../protocol/metric.ts";
import { seriesName } from "../../protocol/prometheus-names.ts";

/** What `metadata` says of metrics: every one is a gauge, because each sample stands for its own window. */
export function metadataOf(metrics: readonly Metric[]): Record<string, object[]> {
  return Object.fromEntries(
    metrics.map((metric) => [seriesName(metric.name), [{ type: "gauge", help: helpOf(metric), unit: "" }]]),
  );
}

function helpOf({ event, aggregate, window, groupBy }: Metric): string {
  const { fn, field, parameter } = aggregate;
  const what = fn === "percentile" ? `p${parameter}` : fn === "topk" ? `top ${parameter}` : fn;
  const of = field === undefined ? event : `${field} of ${event}`;
  const every = window.type === "sliding" ? `, every ${window.everyMs} ms` : "";
  const by = groupBy.length === 0 ? "" : `, by ${groupBy.join(", ")}`;
  return `${what}: ${of}, ${window.type} windows of ${window.sizeMs} ms${every}${by}`;
}
