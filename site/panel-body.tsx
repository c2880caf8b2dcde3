import { formatSpan } from "./format.ts";
import { useLoaded } from "./hooks.ts";
import type { PanelSeries } from "./panel-series.ts";
import { ChartPanel } from "./panels/chart-panel.tsx";
import { NumberPanel } from "./panels/number-panel.tsx";
import type { PanelProps } from "./panels/panel-props.ts";
import { ToplistPanel } from "./panels/toplist-panel.tsx";
import { formatTime } from "./time-axis.ts";
import { isFixed, spanMs } from "./time-range.ts";
import { type DrawnMetric, traitsOf } from "./traits.ts";

export interface PanelBodyProps extends Omit<PanelProps, "series"> {
  series: PanelSeries | undefined;
  metric: DrawnMetric | undefined;
  /** The points as a table, in the chart's place. */
  asTable: boolean;
}

const loadTwin = async () => (await import("./on-demand/points-table.tsx")).PointsTable;
const loadTable = async () => (await import("./on-demand/table-panel.tsx")).TablePanel;

/** What a panel shows: its drawing, or what is to be known while there is none. */
export function PanelBody({ series, metric, asTable, ...props }: PanelBodyProps) {
  const { panel, range, traits, nowMs } = props;
  if (series?.error !== undefined) return <PanelNote tone="error" title="No answer" text={series.error} />;
  if (series === undefined || !series.ready) return <div class="skeleton" aria-hidden="true" />;
  const { buffer } = props.now?.series ?? series;
  if (buffer.t.length === 0) {
    const event = metric?.event ? ` named “${metric.event}”` : "";
    return isFixed(range) ? (
      <PanelNote tone="empty" title="Nothing in this range" text={`No events${event} are known from then.`} />
    ) : traits.stepMs > traitsOf(metric).stepMs ? (
      <PanelNote
        tone="empty"
        title={`No point in the last ${formatSpan(spanMs(range))} yet`}
        text={`Points are ${formatSpan(traits.stepMs)} apart here; the next is due ${formatTime(nextMs(nowMs, traits.stepMs), traits.stepMs)}.`}
      />
    ) : (
      <PanelNote
        tone="empty"
        title={`Nothing in the last ${formatSpan(spanMs(range))}`}
        text={`Waiting for events${event}.`}
      />
    );
  }
  if (!buffer.hasValues) {
    const text =
      "A window's value appears once there is something to compute it from, or to compare it with.";
    return <PanelNote tone="empty" title="No values yet" text={text} />;
  }
  if (asTable) return <LazyTable load={loadTwin} {...props} series={series} />;
  switch (panel.kind) {
    case "line":
    case "area":
    case "bars":
    case "heatmap":
      return <ChartPanel {...props} series={series} kind={panel.kind} />;
    case "number":
      return <NumberPanel {...props} series={series} />;
    case "toplist":
      return <ToplistPanel {...props} series={series} />;
    case "table":
      return <LazyTable load={loadTable} {...props} series={series} />;
    default:
      return <PanelNote tone="error" title="A newer kind of panel" text="Load this page again to see it." />;
  }
}

/** The end of the step that is open now: steps begin at multiples of their length. */
function nextMs(nowMs: number, stepMs: number): number {
  return Math.ceil(nowMs / stepMs) * stepMs;
}

function LazyTable({ load, ...props }: PanelProps & { load: typeof loadTwin }) {
  const { value: Table, failed } = useLoaded(load, [load]);
  if (failed) return <PanelNote tone="error" title="No table" text="It cannot be loaded from the server." />;
  return Table === undefined ? <div class="skeleton" aria-hidden="true" /> : <Table {...props} />;
}

function PanelNote({ tone, title, text }: { tone: "error" | "empty"; title: string; text: string }) {
  return (
    <div class={`panel-note panel-note-${tone}`} role={tone === "error" ? "alert" : "status"}>
      <p class="panel-note-title">{title}</p>
      <p class="panel-note-text">{text}</p>
    </div>
  );
}
