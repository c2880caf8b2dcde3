import { useRef, useState } from "preact/hooks";
import { Chart } from "../chart.tsx";
import { formatValue } from "../format.ts";
import { groupLabels } from "../group-label.ts";
import { useFrozen } from "../hooks.ts";
import { Legend } from "../legend.tsx";
import { pictureOf, topKeys, type Picture } from "../picture.ts";
import { readings, type Reading, withSilent } from "../reading.ts";
import { SeriesTable } from "../series-table.tsx";
import { drawnSpan, type PanelProps } from "./panel-props.ts";

/** As many lines as there are colours to tell them apart. */
const DEFAULT_TOP = 8;

/** Lines, areas or bars over time, with a legend. */
export function ChartPanel(props: PanelProps & { kind: "line" | "area" | "bars" }) {
  const { panel, series, traits, unit, colors, nowMs, paused, kind } = props;
  const drawn = useRef<ReadonlySet<string>>(new Set());
  const [hovered, setHovered] = useState<number>();
  const { picture, current, total } = useFrozen(paused, () => {
    const found = withSilent(readings(series.buffer, traits, nowMs), series.buffer, traits);
    const keys = topKeys(found, panel.top ?? DEFAULT_TOP, drawn.current);
    drawn.current = new Set(keys);
    const columns = keys.flatMap((key) => series.buffer.columns.get(key) ?? []);
    return {
      picture: pictureOf(series.buffer, columns, traits),
      current: new Map(found.map((reading) => [reading.key, reading])),
      total: found.length,
    };
  });
  const { fromMs, toMs } = drawnSpan(props);
  const groups = picture.rows.map(({ group }) => group);
  const slots = colors.distinct(groups);
  const labels = groupLabels(groups, panel.title);
  const items = picture.rows.map((row, i) => ({
    key: row.key,
    label: labels[i] ?? "",
    slot: slots[i] ?? 0,
    value: formatValue(valueOf(picture, i, hovered, current), unit),
  }));
  return (
    <>
      <Chart
        kind={kind}
        picture={picture}
        slots={slots}
        fromMs={fromMs}
        toMs={toMs}
        unit={unit}
        onHover={setHovered}
        label={`${panel.title}: ${items.map(({ label, value }) => `${label} ${value}`).join(", ")}`}
      />
      <Legend items={items} hidden={total - items.length} />
      <SeriesTable title={panel.title} picture={picture} labels={labels} fromMs={fromMs} unit={unit} />
    </>
  );
}

function valueOf(
  { rows }: Picture,
  row: number,
  hovered: number | undefined,
  current: ReadonlyMap<string, Reading>,
): number | null | undefined {
  const drawn = rows[row];
  if (drawn === undefined) return undefined;
  return hovered === undefined ? current.get(drawn.key)?.value : drawn.y[hovered];
}
