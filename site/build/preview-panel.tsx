import { useMemo } from "preact/hooks";
import type { Panel } from "../../protocol/dashboard.ts";
import { parseDuration } from "../../protocol/time.ts";
import type { ColorSlots } from "../color-slots.ts";
import { useTick } from "../hooks.ts";
import { useLive } from "../live.ts";
import type { LiveSeries } from "../live-series.ts";
import { PanelBody, unitOf } from "../panel-card.tsx";
import { type DrawnMetric, traitsOf } from "../traits.ts";

interface PreviewPanelProps {
  panel: Panel;
  series: LiveSeries | undefined;
  metric: DrawnMetric | undefined;
  range: string;
  colors: ColorSlots;
}

const REDRAW_MS = 1_000;

/** A panel as the dashboard will draw it, of points that need not come from a metric that there is. */
export function PreviewPanel({ panel, series, metric, range, colors }: PreviewPanelProps) {
  const { view } = useLive();
  useTick(REDRAW_MS);
  const traits = useMemo(() => traitsOf(metric), [JSON.stringify(metric)]);
  const rangeMs = parseDuration(panel.range ?? range) ?? 900_000;
  return (
    <div class={`panel-body preview-body panel-${panel.kind}`}>
      <PanelBody
        panel={panel}
        series={series}
        metric={metric}
        props={{ traits, unit: unitOf(panel, metric), colors, rangeMs, paused: false, nowMs: view.nowMs() }}
      />
    </div>
  );
}
