import { useMemo, useRef, useState } from "preact/hooks";
import { Chart } from "../chart/chart.tsx";
import { formatValue, type Unit } from "../format.ts";
import { groupLabels } from "../series/group-label.ts";
import { drawnThresholds } from "./group-thresholds.ts";
import { useFrozen, useSame } from "../hooks.ts";
import { Legend, type LegendItem } from "../chart/legend.tsx";
import { pictureOf, topKeys, valueRange, type Picture } from "../chart/picture.ts";
import { isKnownZero, readings, withSilent } from "../series/reading.ts";
import { Store } from "../store.ts";
import { formatPointTime } from "../time/time-axis.ts";
import { describeRange } from "../time/time-range.ts";
import { drawnSpan, type PanelProps } from "./panel-props.ts";

/** As many lines as there are colours to tell them apart; rows of a heatmap are told apart by their place. */
const DEFAULT_TOP = { line: 8, area: 8, bars: 8, heatmap: 20 } as const;

type ChartPanelKind = keyof typeof DEFAULT_TOP;

export function isChart(kind: string): kind is ChartPanelKind {
  return kind in DEFAULT_TOP;
}

/** Lines, areas, bars or a heatmap over time, with a legend. */
export function ChartPanel(props: PanelProps & { kind: ChartPanelKind }) {
  const { panel, series, traits, unit, colors, nowMs, paused, kind, marks, onRange } = props;
  const drawn = useRef<ReadonlySet<string>>(new Set());
  const [only, setOnly] = useState<string>();
  const hovered = useMemo(() => new Store<number | undefined>(undefined), []);
  const { picture, current, total } = useFrozen(paused, series, () => {
    const found = withSilent(readings(series.buffer, traits, nowMs), series.buffer, traits);
    const keys = topKeys(found, panel.top ?? DEFAULT_TOP[kind], drawn.current);
    drawn.current = new Set(keys);
    // What is drawn stays the same groups when all have become silent.
    const isZero = isKnownZero(series.buffer, traits, series.watermark, nowMs);
    const columns = keys.flatMap((key) => series.buffer.columns.get(key) ?? []);
    return {
      picture: pictureOf(series.buffer, columns, traits),
      current: new Map(found.map(({ key, value }) => [key, isZero ? 0 : value])),
      total: found.length,
    };
  });
  const groups = useSame(picture.rows.map(({ group }) => group));
  const slots = useMemo(() => colors.distinct(groups), [groups]);
  const labels = useMemo(() => groupLabels(groups, panel.title), [groups, panel.title]);
  const items: LegendItem[] = picture.rows.map(({ key }, i) => ({
    key,
    label: labels[i] ?? "",
    slot: slots[i] ?? 0,
    value: current.get(key),
  }));
  const shown = shownRows(picture, slots, labels, only);
  const valueText = (index: number | undefined): string => {
    if (index !== undefined) return textAt(shown.picture, shown.labels, unit, index);
    if (items.length === 0) return "No points";
    return `Now: ${items.map(({ label, value }) => `${label} ${formatValue(value, unit)}`).join(", ")}`;
  };
  const span = drawnSpan(props);
  const shownGroups = shown.picture.rows.map(({ group }) => group);
  const thresholds = drawnThresholds(marks.thresholds, shownGroups, shown.labels);
  return (
    <>
      <Chart
        kind={kind}
        picture={shown.picture}
        slots={shown.slots}
        labels={shown.labels}
        fromMs={span.fromMs}
        toMs={span.toMs}
        unit={unit}
        marks={{ ...marks, thresholds }}
        onHover={(index) => hovered.set(index)}
        onRange={onRange}
        valueText={valueText}
        label={`${panel.title}, ${describeRange(props.range)}`}
      />
      {kind === "heatmap" ? (
        <HeatScale range={valueRange(picture, span.fromMs, span.toMs, "bar")} unit={unit} />
      ) : (
        <Legend
          items={items}
          hidden={total - items.length}
          unit={unit}
          picture={picture}
          hovered={hovered}
          only={only}
          onOnly={setOnly}
        />
      )}
    </>
  );
}

/** What a heatmap's colours stand for: from the least value, or zero, to the greatest, or zero. */
function HeatScale({ range = [0, 0], unit }: { range: [low: number, high: number] | undefined; unit: Unit }) {
  return (
    <p class="heat-scale">
      {formatValue(Math.min(0, range[0]), unit)}
      <span class="heat-ramp" aria-hidden="true" />
      <span class="visually-hidden">to</span>
      {formatValue(Math.max(0, range[1]), unit)}
    </p>
  );
}

/** All rows, or the one that somebody has singled out. */
function shownRows(
  picture: Picture,
  slots: readonly number[],
  labels: readonly string[],
  only: string | undefined,
): { picture: Picture; slots: readonly number[]; labels: readonly string[] } {
  const at = picture.rows.findIndex(({ key }) => key === only);
  if (at < 0) return { picture, slots, labels };
  return {
    picture: { ...picture, rows: picture.rows.slice(at, at + 1) },
    slots: slots.slice(at, at + 1),
    labels: labels.slice(at, at + 1),
  };
}

/** What is spoken at the cursor. */
function textAt({ x, rows }: Picture, labels: readonly string[], unit: Unit, index: number): string {
  const values = rows.map(({ y }, i) => `${labels[i] ?? ""} ${formatValue(y[index], unit)}`);
  return `${formatPointTime(x[index] ?? 0)}: ${values.join(", ")}`;
}
