import type { ComponentType } from "preact";
import type { Group } from "../../protocol/series.ts";
import { useFrozen, useLoaded } from "../hooks.ts";
import type { EmptyNoteProps } from "../on-demand/empty-note.tsx";
import { PanelNote } from "./panel-note.tsx";
import type { PanelSeries } from "../series/panel-series.ts";
import { ChartPanel, isChart } from "./chart-panel.tsx";
import { NumberPanel } from "./number-panel.tsx";
import { drawnSpan, type PanelProps } from "./panel-props.ts";
import type { DrawnMetric } from "../series/traits.ts";

export interface PanelBodyProps extends Omit<PanelProps, "series"> {
  series: PanelSeries | undefined;
  metric: DrawnMetric | undefined;
  /** The groups that it is narrowed to. */
  groups?: readonly Group[] | undefined;
  /** The points as a table, in the chart's place. */
  asTable: boolean;
}

type LoadPanel = () => Promise<ComponentType<PanelProps>>;
const loadEmptyNote = async () => (await import("../on-demand/empty-note.tsx")).EmptyNote;
const loadPoints: LoadPanel = async () => (await import("../on-demand/points-table.tsx")).PointsTable;
const loadToplist: LoadPanel = async () => (await import("../on-demand/toplist-panel.tsx")).ToplistPanel;
const loadTable: LoadPanel = async () => (await import("../on-demand/table-panel.tsx")).TablePanel;
const loadDistribution: LoadPanel = async () =>
  (await import("../on-demand/distribution-panel.tsx")).DistributionPanel;

/** What a panel shows: its drawing, or what is to be known while there is none. */
export function PanelBody({ series, metric, groups, asTable, ...props }: PanelBodyProps) {
  const { panel, paused, now } = props;
  const answered = series?.ready === true ? series : undefined;
  const { fromMs } = drawnSpan(props);
  const isEmpty = useFrozen(paused, answered, () =>
    [answered, now?.series].every((each) => each?.buffer.hasValuesFrom(fromMs) !== true),
  );
  if (series?.error !== undefined) return <PanelNote tone="error" title="No answer" text={series.error} />;
  if (answered === undefined) return <div class="skeleton" aria-hidden="true" />;
  const empty = isEmpty && <LazyNote {...props} series={answered} metric={metric} groups={groups} />;
  const drawn = { ...props, series: answered };
  const { kind } = panel;
  const isDistribution = kind === "heatmap" && props.traits.bucketKey !== undefined;
  if (isChart(kind) && !((asTable || isDistribution) && !isEmpty)) {
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

function LazyNote(props: EmptyNoteProps) {
  const { value: EmptyNote, failed } = useLoaded(loadEmptyNote, []);
  if (failed)
    return <PanelNote tone="empty" title="No points" text="The reason cannot be loaded from the server." />;
  return EmptyNote === undefined ? null : <EmptyNote {...props} />;
}

/** What most dashboards have none of is loaded with the first. */
function LazyPanel({ load, ...props }: PanelProps & { load: LoadPanel }) {
  const { value: Panel, failed } = useLoaded(load, [load]);
  if (failed) return <PanelNote tone="error" title="Not drawn" text="It cannot be loaded from the server." />;
  return Panel === undefined ? <div class="skeleton" aria-hidden="true" /> : <Panel {...props} />;
}
