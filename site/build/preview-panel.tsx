import { useMemo } from "preact/hooks";
import type { Panel } from "../../protocol/dashboard.ts";
import { parseDuration } from "../../protocol/time.ts";
import type { ColorSlots } from "../chart/color-slots.ts";
import { useTick } from "../hooks.ts";
import { useLive } from "../series/live.ts";
import { PanelBody } from "../panels/panel-body.tsx";
import { unitOf } from "../panels/panel-card.tsx";
import type { PanelSeries } from "../series/panel-series.ts";
import { type DrawnMetric, traitsOf } from "../series/traits.ts";

interface PreviewPanelProps {
  panel: Panel;
  series: PanelSeries | undefined;
  metric: DrawnMetric | undefined;
  range: string;
  colors: ColorSlots;
}

const REDRAW_MS = 1_000;
const stay = (): void => undefined;

/** A panel as the dashboard will draw it, of points that need not come from a metric that there is. */
export function PreviewPanel({ panel, series, metric, range, colors }: PreviewPanelProps) {
  const { view } = useLive();
  useTick(REDRAW_MS);
  const traits = useMemo(() => traitsOf(metric), [JSON.stringify(metric)]);
  const marks = useMemo(() => ({ thresholds: panel.thresholds ?? [], events: [] }), [panel.thresholds]);
  const lastMs = parseDuration(panel.range ?? range) ?? 900_000;
  return (
    <div class="panel-body">
      <PanelBody
        panel={panel}
        series={series}
        metric={metric}
        traits={traits}
        unit={unitOf(panel, metric)}
        colors={colors}
        range={{ lastMs }}
        marks={marks}
        nowMs={view.clockMs()}
        paused={false}
        onRange={stay}
        asTable={false}
      />
    </div>
  );
}
