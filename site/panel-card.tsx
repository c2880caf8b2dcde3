import { useEffect, useId, useMemo, useRef, useState } from "preact/hooks";
import type { Panel } from "../protocol/dashboard.ts";
import { parseDuration } from "../protocol/time.ts";
import type { ColorSlots } from "./color-slots.ts";
import type { SeriesRequest } from "./connection.ts";
import { formatSpan, type Unit } from "./format.ts";
import { FreshnessBadge } from "./freshness-badge.tsx";
import type { PanelSpan } from "./grid-layout.ts";
import { useSeriesFrames, useStore, useVisible, useWidth } from "./hooks.ts";
import { useLive } from "./live.ts";
import type { LiveSeries } from "./live-series.ts";
import { ChartPanel } from "./panels/chart-panel.tsx";
import { NumberPanel } from "./panels/number-panel.tsx";
import type { PanelProps } from "./panels/panel-props.ts";
import { TablePanel } from "./panels/table-panel.tsx";
import { ToplistPanel } from "./panels/toplist-panel.tsx";
import { type DrawnMetric, traitsOf } from "./traits.ts";

interface PanelCardProps {
  panel: Panel;
  span: PanelSpan;
  /** The dashboard's range, for panels without one of their own. */
  range: string;
  metric: DrawnMetric | undefined;
  colors: ColorSlots;
}

/** A chart moves when it has moved by a pixel: more often cannot be seen, and text changes each second at least. */
const FRAME_LEAST_MS = 50;
const FRAME_MOST_MS = 1_000;

/** One panel of the grid: its frame, and what it shows in its place when there is nothing to draw. */
export function PanelCard({ panel, span, range, metric, colors }: PanelCardProps) {
  const { view } = useLive();
  const card = useRef<HTMLElement>(null);
  const titleId = useId();
  const paused = useStore(view.pausedAtMs) !== undefined;
  const visible = useVisible(card);
  const width = useWidth(card);
  const rangeMs = parseDuration(panel.range ?? range) ?? 900_000;
  const series = useSeries(panel, panel.range ?? range);
  const traits = useMemo(() => traitsOf(metric), [metric]);
  useSeriesFrames(series, visible && !paused, frameMs(rangeMs, width));
  return (
    <article
      class={`panel panel-${panel.kind}`}
      ref={card}
      aria-labelledby={titleId}
      style={{ "--wide": span.wide, "--tablet": span.tablet, "--height": panel.height }}
    >
      <header class="panel-header">
        <h2 class="panel-title" id={titleId} title={panel.title}>
          {panel.title}
        </h2>
        <FreshnessBadge series={series} traits={traits} />
      </header>
      <div class="panel-body">
        <PanelBody
          panel={panel}
          series={series}
          metric={metric}
          props={{ traits, unit: unitOf(panel, metric), colors, rangeMs, paused, nowMs: view.nowMs() }}
        />
      </div>
    </article>
  );
}

interface PanelBodyProps {
  panel: Panel;
  series: LiveSeries | undefined;
  metric: DrawnMetric | undefined;
  props: Omit<PanelProps, "panel" | "series">;
}

function PanelBody({ panel, series, metric, props }: PanelBodyProps) {
  if (series?.error !== undefined) return <PanelNote tone="error" title="No answer" text={series.error} />;
  if (series === undefined || !series.ready) return <div class="skeleton" aria-hidden="true" />;
  if (series.buffer.t.length === 0) {
    const text = metric ? `Waiting for events named “${metric.event}”.` : "Waiting for events.";
    return <PanelNote tone="empty" title={`Nothing in the last ${formatSpan(props.rangeMs)}`} text={text} />;
  }
  if (!series.buffer.hasValues) {
    const text =
      "A window's value appears once there is something to compute it from, or to compare it with.";
    return <PanelNote tone="empty" title="No values yet" text={text} />;
  }
  switch (panel.kind) {
    case "line":
    case "area":
    case "bars":
      return <ChartPanel {...props} panel={panel} series={series} kind={panel.kind} />;
    case "number":
      return <NumberPanel {...props} panel={panel} series={series} />;
    case "toplist":
      return <ToplistPanel {...props} panel={panel} series={series} />;
    case "table":
      return <TablePanel {...props} panel={panel} series={series} />;
  }
}

function PanelNote({ tone, title, text }: { tone: "error" | "empty"; title: string; text: string }) {
  return (
    <div class={`panel-note panel-note-${tone}`} role={tone === "error" ? "alert" : "status"}>
      <p class="panel-note-title">{title}</p>
      <p class="panel-note-text">{text}</p>
    </div>
  );
}

/** Takes part in a subscription for as long as the component is there. */
function useSeries({ metric, groups }: Panel, range: string): LiveSeries | undefined {
  const { pool } = useLive();
  const [series, setSeries] = useState<LiveSeries>();
  const wanted = JSON.stringify(groups);
  useEffect(() => {
    const request: SeriesRequest = groups === undefined ? { metric, range } : { metric, range, groups };
    setSeries(pool.acquire(request));
    return () => pool.release(request);
  }, [pool, metric, range, wanted]);
  return series;
}

/** Percent of a fraction is a hundredfold of it. */
function unitOf({ unit = "short" }: Panel, metric: DrawnMetric | undefined): Unit {
  return unit === "percent" && metric?.isFraction === true ? "fraction" : unit;
}

function frameMs(rangeMs: number, width: number): number {
  const pixelMs = width === 0 ? FRAME_MOST_MS : rangeMs / width;
  return Math.round(Math.min(FRAME_MOST_MS, Math.max(FRAME_LEAST_MS, pixelMs)));
}
