import { useRef } from "preact/hooks";
import type { Threshold } from "../../protocol/panel-marks.ts";
import { Chart } from "../chart/chart.tsx";
import { formatSpan, formatValue } from "../format.ts";
import { useFrozen, useSize } from "../hooks.ts";
import type { Picture } from "../chart/picture.ts";
import { drawnSpan, type PanelProps } from "../panels/panel-props.ts";
import { chooseStepMs } from "../time/step.ts";
import { formatPointTime } from "../time/time-axis.ts";
import { describeRange } from "../time/time-range.ts";
import { type Distribution, distributionOf, rowCounts } from "./distribution.ts";
import { placeOf, reachOf, type ValueRows, valueRows } from "./value-rows.ts";
import { intervalText, rowTicks, upperText } from "./value-ticks.ts";

/** About what the axes and the edges of a chart take of its width and height. */
const AXIS_PX = { width: 70, height: 34 };
const LEAST_ROW_PX = 4;
const LEAST_COLUMN_PX = 5;
const RAMP_PX = 96;
/** Of fewer the middle of the ramp is no whole number of events. */
const LEAST_WITH_MIDDLE = 8;
const TICK_EVERY_PX = 20;

/** How a histogram's value moves: time from left to right, values from low to high, the colour how many events. */
export function DistributionPanel(props: PanelProps) {
  const { panel, series, traits, unit, paused, marks, onRange } = props;
  const room = useRef<HTMLDivElement>(null);
  const { width, height } = useSize(room);
  const axis = useRef<ValueRows>(undefined);
  const span = drawnSpan(props);
  const plotPx = {
    width: Math.max(60, width - AXIS_PX.width),
    height: Math.max(12, height - AXIS_PX.height),
  };
  const mostColumns = Math.floor(plotPx.width / LEAST_COLUMN_PX);
  const { distribution, columnMs } = useFrozen(paused, series, () => {
    const lengthMs = chooseStepMs(span.toMs - span.fromMs, mostColumns, traits.stepMs);
    return { distribution: distributionOf(series.buffer, traits, span, lengthMs), columnMs: lengthMs };
  });
  const rows = valueRows(
    reachOf(distribution.counts.keys()),
    Math.floor(plotPx.height / LEAST_ROW_PX),
    axis.current,
  );
  axis.current = rows;
  const picture = pictureOf(distribution, rows, columnMs);
  const labels = rows.rows.map((row) => intervalText(row, rows.step, unit));
  const uppers = rows.rows.map((row) => upperText(row, rows.step, unit));
  const rowPx = plotPx.height / rows.rows.length;
  return (
    <>
      <div ref={room} style={{ display: "flex", flex: 1, minHeight: 0 }}>
        <Chart
          kind="heatmap"
          picture={picture}
          slots={[]}
          labels={labels}
          ticks={rowTicks(rows, unit, TICK_EVERY_PX / rowPx)}
          fromMs={span.fromMs}
          toMs={span.toMs}
          unit="short"
          marks={{ ...marks, thresholds: onAxis(marks.thresholds, rows) }}
          onRange={onRange}
          valueText={(column) => spokenText(picture, uppers, column)}
          label={`${panel.title}, ${describeRange(props.range)}`}
        />
      </div>
      <CountScale most={mostOf(picture)} of={formatSpan(traits.tumbling ? columnMs : traits.sizeMs)} />
    </>
  );
}

/** Thresholds where their values stand; those of values that are not on the axis are left out. */
function onAxis(thresholds: readonly Threshold[], axis: ValueRows): Threshold[] {
  return thresholds.flatMap((threshold) => {
    const value = placeOf(threshold.value, axis);
    return value === undefined ? [] : { ...threshold, value };
  });
}

/** What the colours stand for: they go by the root, so that a half of the ramp is a quarter of the most. */
function CountScale({ most, of }: { most: number; of: string }) {
  const last = `${formatValue(most, "short")} ${most === 1 ? "event" : "events"} in ${of}`;
  const hasMiddle = most >= LEAST_WITH_MIDDLE;
  return (
    <p class="heat-scale" style={{ whiteSpace: "nowrap" }}>
      {most > 1 && "1"}
      <Ramp half={hasMiddle ? "left" : undefined} />
      {hasMiddle && formatValue(Math.round(most / 4), "short")}
      {hasMiddle && <Ramp half="right" />}
      {last}
    </p>
  );
}

/** The colours, or a half of them. */
function Ramp({ half }: { half: "left" | "right" | undefined }) {
  const style = { width: RAMP_PX / 2, backgroundSize: "200%", backgroundPosition: half ?? "left" };
  return <span class="heat-ramp" aria-hidden="true" style={half === undefined ? {} : style} />;
}

/** A row of cells for each row of the axis. */
function pictureOf(distribution: Distribution, axis: ValueRows, columnMs: number): Picture {
  const { t, s } = distribution;
  return {
    x: t,
    rows: rowCounts(distribution, axis).map((y, place) => ({
      key: String(axis.rows[place]),
      group: {},
      y,
      s,
    })),
    additive: true,
    stepMs: columnMs,
  };
}

function mostOf({ rows }: Picture): number {
  return Math.max(0, ...rows.map(({ y }) => Math.max(0, ...y.map((count) => count ?? 0))));
}

/** What is spoken of a column, or of the newest: how many events, up to which value half and nearly all of them are. */
function spokenText({ x, rows }: Picture, uppers: readonly string[], column = x.length - 1): string {
  const counts = rows.map(({ y }) => y[column] ?? 0);
  const total = counts.reduce((sum, count) => sum + count, 0);
  const time = formatPointTime(x[column] ?? 0);
  if (total === 0) return `${time}: no events`;
  const upperAt = (share: number): string => {
    let before = 0;
    return uppers[counts.findIndex((count) => (before += count) >= total * share)] ?? "";
  };
  return `${time}: ${formatValue(total, "short")} events; half up to ${upperAt(0.5)}, 95% up to ${upperAt(0.95)}`;
}
