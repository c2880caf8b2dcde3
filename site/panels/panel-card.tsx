import { useId, useMemo, useRef, useState } from "preact/hooks";
import type { Panel } from "../../protocol/dashboard.ts";
import type { Group } from "../../protocol/series.ts";
import { parseDuration } from "../../protocol/time.ts";
import type { ColorSlots } from "../chart/color-slots.ts";
import { formatSpan, type Unit } from "../format.ts";
import { FreshnessBadge } from "./freshness-badge.tsx";
import type { PanelSpan } from "../page/grid-layout.ts";
import { useSize, useStore, useVisible } from "../hooks.ts";
import { useLive } from "../series/live.ts";
import { useMarks } from "./marks.ts";
import { PanelDrawing } from "./panel-drawing.tsx";
import { PanelMenuButton } from "./panel-menu-button.tsx";
import { panelKeys, type PanelCommands } from "./panel-commands.ts";
import { drawnSpan, readAtMs, type PanelProps } from "./panel-props.ts";
import type { SlotContext } from "../slots.ts";
import { isFixed } from "../time/time-range.ts";
import { type DrawnMetric, type Traits, traitsOf } from "../series/traits.ts";
import { usePanelData } from "../series/use-panel-series.ts";

interface PanelCardProps {
  panel: Panel;
  /** Its place in the dashboard's list. */
  index: number;
  span: PanelSpan;
  /** The dashboard's range, for panels without one of their own. */
  range: string;
  /** The panel's groups, narrowed by the dashboard's variables. */
  groups: Group[] | undefined;
  metric: DrawnMetric | undefined;
  colors: ColorSlots;
  context: SlotContext;
  /** Shows this panel alone, or all again. */
  onEnlarge: (() => void) | undefined;
}

/** A panel of less content has no room for a legend, nor for a number above its line. */
const LOW_PX = 130;
/** Two pixels for a point of a line; a bar, or a cell, has to be seen by itself. */
const POINT_PX = { line: 2, area: 2, number: 2, toplist: 2, table: 2, bars: 6, heatmap: 6 } as const;

/** One panel of the grid: its frame and its menu, which stay as they are while what is in it moves. */
export function PanelCard(card: PanelCardProps) {
  const { panel, index, span, range, metric, colors, context, onEnlarge } = card;
  const { view } = useLive();
  const element = useRef<HTMLElement>(null);
  const titleId = useId();
  const [asTable, setAsTable] = useState(false);
  const pausedAtMs = useStore(view.pausedAtMs);
  const visible = useVisible(element);
  const { width, height } = useSize(element);
  const ownMs = parseDuration(panel.range ?? range) ?? 900_000;
  const own = useMemo(() => traitsOf(metric), [metric]);
  const mostPoints = Math.floor(width / POINT_PX[panel.kind]);
  const data = usePanelData({ panel, ownMs, groups: card.groups, traits: own, mostPoints });
  const { series, traits, now } = data;
  const isPast = isFixed(data.range);
  const paused = !isPast && pausedAtMs !== undefined;
  const marks = useMarks(
    panel,
    context.dashboard?.annotations,
    card.groups,
    (metric?.groupBy ?? []).length > 0,
  );
  const props: Omit<PanelProps, "series" | "nowMs"> = {
    panel,
    traits,
    now,
    unit: unitOf(panel, metric),
    colors,
    range: data.range,
    marks,
    paused,
    onRange: (next, how) => (how === "pan" ? view.pan(next) : view.choose(next)),
  };
  const commands: PanelCommands = {
    asTable: {
      on: asTable,
      toggle: () => {
        setAsTable(!asTable);
        // What had the focus goes away: it stays in the panel.
        element.current?.focus();
      },
    },
    enlarge: onEnlarge,
    export: async (format) => {
      if (series === undefined || element.current === null) return;
      const { exportPanel } = await import("../on-demand/panel-export.ts");
      const whole = { ...props, series, nowMs: readAtMs(data.range, view) };
      await exportPanel(format, whole, drawnSpan(whole), element.current);
    },
  };
  return (
    <article
      class={`panel panel-${panel.kind} ${height > 0 && height < LOW_PX ? "panel-low" : ""}`}
      ref={element}
      tabIndex={-1}
      aria-labelledby={titleId}
      data-panel={index}
      style={{ "--wide": span.wide, "--tablet": span.tablet, "--height": panel.height }}
      onKeyDown={(event) => panelKeys(event, commands)}
    >
      <header class="panel-header">
        <h2 class="panel-title" id={titleId} dir="auto" title={panel.title}>
          {panel.title}
        </h2>
        <div class="panel-notes">
          <FreshnessBadge series={series} traits={traits} now={now} isPast={isPast} />
          <StepNote own={own} drawn={panel.kind === "toplist" ? (now?.traits ?? traits) : traits} />
        </div>
        <PanelMenuButton panel={panel} index={index} commands={commands} context={context} />
      </header>
      <div class="panel-body">
        <PanelDrawing
          {...props}
          series={series}
          metric={metric}
          groups={card.groups}
          asTable={asTable}
          active={visible && !isPast && !paused}
          width={width}
        />
      </div>
    </article>
  );
}

/** How much a point stands for, where it is more than the metric's own window. */
function StepNote({ own, drawn }: { own: Traits; drawn: Traits }) {
  if (own.stepMs === drawn.stepMs) return null;
  const word = drawn.additive && drawn.tumbling ? "per" : "every";
  return <span class="panel-step">{`${word} ${formatSpan(drawn.stepMs)}`}</span>;
}

/** Percent of a fraction is a hundredfold of it. But in a heatmap, a histogram's unit is not that of what is drawn: counts. */
export function unitOf({ unit = "short", kind }: Panel, metric: DrawnMetric | undefined): Unit {
  if (kind !== "heatmap" && traitsOf(metric).bucketKey !== undefined) return "short";
  return unit === "percent" && metric?.isFraction === true ? "fraction" : unit;
}
