import type { ComponentType } from "preact";
import { formatSpan } from "./format.ts";
import { useFrozen, useLoaded } from "./hooks.ts";
import type { PanelSeries } from "./panel-series.ts";
import { ChartPanel, isChart } from "./panels/chart-panel.tsx";
import { NumberPanel } from "./panels/number-panel.tsx";
import type { PanelProps } from "./panels/panel-props.ts";
import { formatTime } from "./time-axis.ts";
import { isFixed, spanMs } from "./time-range.ts";
import { type DrawnMetric, traitsOf } from "./traits.ts";

export interface PanelBodyProps extends Omit<PanelProps, "series"> {
  series: PanelSeries | undefined;
  metric: DrawnMetric | undefined;
  /** The points as a table, in the chart's place. */
  asTable: boolean;
}

interface NoteText {
  title: string;
  text: string;
}

type LoadPanel = () => Promise<ComponentType<PanelProps>>;
const loadPoints: LoadPanel = async () => (await import("./on-demand/points-table.tsx")).PointsTable;
const loadToplist: LoadPanel = async () => (await import("./on-demand/toplist-panel.tsx")).ToplistPanel;
const loadTable: LoadPanel = async () => (await import("./on-demand/table-panel.tsx")).TablePanel;
const loadDistribution: LoadPanel = async () =>
  (await import("./on-demand/distribution-panel.tsx")).DistributionPanel;

/** What a panel shows: its drawing, or what is to be known while there is none. */
export function PanelBody({ series, metric, asTable, ...props }: PanelBodyProps) {
  const { panel, paused } = props;
  const answered = series?.ready === true ? series : undefined;
  const note = useFrozen(
    paused,
    answered,
    () => answered && emptyNote({ ...props, series: answered }, metric),
  );
  if (series?.error !== undefined) return <PanelNote tone="error" title="No answer" text={series.error} />;
  if (answered === undefined) return <div class="skeleton" aria-hidden="true" />;
  const empty = note !== undefined && <PanelNote tone="empty" {...note} />;
  const drawn = { ...props, series: answered };
  const { kind } = panel;
  const isDistribution = kind === "heatmap" && props.traits.bucketKey !== undefined;
  if (isChart(kind) && !((asTable || isDistribution) && note === undefined)) {
    // Also without a point there is a time to zoom and pan in.
    return (
      <>
        <ChartPanel {...drawn} kind={kind} />
        {empty}
      </>
    );
  }
  if (empty) return empty;
  if (asTable) return <LazyPanel {...drawn} load={loadPoints} />;
  switch (kind) {
    case "heatmap":
      return <LazyPanel {...drawn} load={loadDistribution} />;
    case "number":
      return <NumberPanel {...drawn} />;
    case "toplist":
      return <LazyPanel {...drawn} load={loadToplist} />;
    case "table":
      return <LazyPanel {...drawn} load={loadTable} />;
    default:
      return <PanelNote tone="error" title="A newer kind of panel" text="Load this page again to see it." />;
  }
}

/** Why there is nothing to draw; undefined where there is. */
function emptyNote(props: PanelProps, metric: DrawnMetric | undefined): NoteText | undefined {
  const { range, series, traits, nowMs, now = props } = props;
  const buffers = [series.buffer, now.series.buffer];
  if (buffers.some(({ hasValues }) => hasValues)) return undefined;
  if (buffers.some(({ t }) => t.length > 0)) {
    const text =
      "A window's value appears once there is something to compute it from, or to compare it with.";
    return { title: "No values yet", text };
  }
  const event = metric?.event ? ` named “${metric.event}”` : "";
  if (isFixed(range)) {
    return { title: "Nothing in this range", text: `No events${event} are known from then.` };
  }
  const span = formatSpan(spanMs(range));
  if (traits.stepMs === traitsOf(metric).stepMs) {
    return { title: `Nothing in the last ${span}`, text: `Waiting for events${event}.` };
  }
  const due = formatTime(nextMs(nowMs, traits.stepMs), traits.stepMs);
  return {
    title: `No point in the last ${span} yet`,
    text: `Points are ${formatSpan(traits.stepMs)} apart here; the next is due ${due}.`,
  };
}

/** The end of the step that is open now: steps begin at multiples of their length. */
function nextMs(nowMs: number, stepMs: number): number {
  return Math.ceil(nowMs / stepMs) * stepMs;
}

/** What most dashboards have none of is loaded with the first. */
function LazyPanel({ load, ...props }: PanelProps & { load: LoadPanel }) {
  const { value: Panel, failed } = useLoaded(load, [load]);
  const text = "It cannot be loaded from the server.";
  if (failed) return <PanelNote tone="error" title="Not drawn" text={text} />;
  return Panel === undefined ? <div class="skeleton" aria-hidden="true" /> : <Panel {...props} />;
}

function PanelNote({ tone, title, text }: NoteText & { tone: "error" | "empty" }) {
  return (
    <div class={`panel-note panel-note-${tone}`} role={tone === "error" ? "alert" : "status"}>
      <p class="panel-note-title">{title}</p>
      <p class="panel-note-text">{text}</p>
    </div>
  );
}
