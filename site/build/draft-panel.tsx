import { useEffect, useState } from "preact/hooks";
import type { Panel } from "../../protocol/dashboard.ts";
import type { MetricSource } from "../../protocol/metric.ts";
import type { ColorSlots } from "../chart/color-slots.ts";
import { useLive } from "../series/live.ts";
import type { LiveSeries } from "../series/live-series.ts";
import { type DrawnMetric, traitsOf } from "../series/traits.ts";
import { PreviewPanel } from "./preview-panel.tsx";
import { usePreview } from "./preview.ts";
import { previewRange } from "./preview-range.ts";
import type { Requests } from "./requests.ts";

interface DraftPanelProps {
  panel: Panel;
  /** The definition that the draft brings along: it is not in the catalog yet. */
  own: MetricSource | undefined;
  metric: DrawnMetric | undefined;
  range: string;
  requests: Requests;
  colors: ColorSlots;
}

/** A panel while its dashboard is edited: live where its metric is, and computed over recent events where it is not yet. */
export function DraftPanel(props: DraftPanelProps) {
  return props.own === undefined ? <StoredPanel {...props} /> : <UnsavedPanel {...props} own={props.own} />;
}

function UnsavedPanel({ panel, own, metric, requests, colors }: DraftPanelProps & { own: MetricSource }) {
  const range = previewRange(traitsOf(own).stepMs);
  const { series } = usePreview(own, range, requests);
  return (
    <PreviewPanel panel={{ ...panel, range }} series={series} metric={metric} range={range} colors={colors} />
  );
}

/** A panel whose metric the catalog has, live. */
export function StoredPanel({
  panel,
  metric,
  range,
  colors,
}: Pick<DraftPanelProps, "panel" | "metric" | "range" | "colors">) {
  const { pool } = useLive();
  const [series, setSeries] = useState<LiveSeries>();
  const { metric: name, groups } = panel;
  const drawn = panel.range ?? range;
  const wanted = JSON.stringify(groups);
  useEffect(() => {
    const request = { metric: name, range: drawn, ...(groups === undefined ? {} : { groups }) };
    setSeries(pool.acquire(request));
    return () => pool.release(request);
  }, [pool, name, drawn, wanted]);
  return <PreviewPanel panel={panel} series={series} metric={metric} range={range} colors={colors} />;
}
