import type { Event } from "../../protocol/event.ts";
import type { TracedMetric, TracedWindow } from "../../protocol/observe.ts";
import { POINT_STATE } from "../../protocol/series.ts";
import type { WindowSpec } from "../../protocol/window-spec.ts";
import type { CompiledMetric } from "../engine/compiled-metric.ts";
import { groupOf } from "../engine/group-key.ts";
import type { MetricStanding } from "../window/metric-standing.ts";

/** An event in the log. `isFolded`: the partition's reader has passed it. */
export interface TracedEvent {
  event: Event;
  partition: number;
  offset: number;
  receivedAtMs: number;
  isFolded: boolean;
}

/** What becomes of an event in a metric that takes events of its name. `standing`: undefined while nobody has it. */
export function traceMetric(
  { event, partition, offset, receivedAtMs, isFolded }: TracedEvent,
  compiled: CompiledMetric,
  standing: MetricStanding | undefined,
): TracedMetric {
  const { metric } = compiled;
  const watermarkMs =
    standing === undefined || standing.watermarkMs < 0 ? null : Math.floor(standing.watermarkMs);
  const traced: TracedMetric = { metric: metric.name, verdict: "counts", watermarkMs };
  if (compiled.accepts?.(event) === false) return { ...traced, verdict: "filtered" };
  if (metric.window.type !== "session" && compiled.input(event) === undefined) {
    return { ...traced, verdict: "skipped" };
  }
  if ((standing?.since[partition] ?? 0) > offset) return { ...traced, verdict: "before" };
  traced.group = groupOf(metric.groupBy, compiled.groupKey(event));
  if (metric.window.type !== "session") Object.assign(traced, windowsOf(event.ts, metric.window, standing));
  if (!isFolded) return { ...traced, verdict: "waits" };
  const openUntilMs = (traced.last?.endMs ?? Number.POSITIVE_INFINITY) + metric.delayMs + metric.latenessMs;
  return { ...traced, verdict: receivedAtMs >= openUntilMs ? "late" : "counts" };
}

/** The windows `[start, end)` that hold a time: their ends are multiples of the step. */
function windowsOf(
  ts: number,
  { sizeMs, everyMs }: WindowSpec,
  standing: MetricStanding | undefined,
): Required<Pick<TracedMetric, "first" | "last" | "windows">> {
  const firstEnd = Math.floor(ts / everyMs) * everyMs + everyMs;
  const lastEnd = Math.floor((ts + sizeMs) / everyMs) * everyMs;
  const windowAt = (endMs: number): TracedWindow => ({
    startMs: endMs - sizeMs,
    endMs,
    state: stateOf(endMs, standing),
  });
  return {
    first: windowAt(firstEnd),
    last: windowAt(lastEnd),
    windows: (lastEnd - firstEnd) / everyMs + 1,
  };
}

function stateOf(endMs: number, standing: MetricStanding | undefined): TracedWindow["state"] {
  if (standing === undefined || endMs > standing.finalEnd) return POINT_STATE.provisional;
  return endMs > standing.sealedEnd ? POINT_STATE.final : POINT_STATE.sealed;
}
