import { useRef } from "preact/hooks";
import { POINT_STATE, type PointState } from "../../protocol/series.ts";
import { formatValue } from "../format.ts";
import { groupLabels } from "../series/group-label.ts";
import { useFrozen } from "../hooks.ts";
import { topKeys } from "../chart/picture.ts";
import { drawnSpan, type PanelProps } from "../panels/panel-props.ts";
import { readings, withSilent } from "../series/reading.ts";
import { type Column, lowerBound } from "../series/series.ts";
import { formatMoment } from "../time/time-axis.ts";
import { distributionOf, rowCounts } from "./distribution.ts";
import { reachOf, valueRows } from "./value-rows.ts";
import { intervalText } from "./value-ticks.ts";
import "../styles/table.css";

const MOST_ROWS = 200;
const DEFAULT_TOP = 20;
/** Of a distribution, as many intervals as can be read beside each other. */
const MOST_INTERVALS = 24;
const STATE_WORDS: Record<PointState, string> = {
  [POINT_STATE.provisional]: "provisional",
  [POINT_STATE.final]: "final",
  [POINT_STATE.revised]: "revised",
  [POINT_STATE.sealed]: "sealed",
};

/** A chart's points as a table, the newest first: for those who read rather than look. */
export function PointsTable(props: PanelProps) {
  const { panel, series, traits, nowMs, paused } = props;
  const keys = useRef<readonly string[]>([]);
  const { fromMs, toMs } = drawnSpan(props);
  const isDistribution = panel.kind === "heatmap" && traits.bucketKey !== undefined;
  // What is counted is events, whatever the unit of the value that they are sorted by.
  const unit = isDistribution ? "short" : props.unit;
  const { t, columns, intervals } = useFrozen(paused, series, () => {
    if (isDistribution) return intervalColumns(props);
    const { buffer } = series;
    const found = withSilent(readings(buffer, traits, nowMs), buffer, traits);
    keys.current = topKeys(found, panel.top ?? DEFAULT_TOP, new Set(keys.current));
    const drawn = keys.current.flatMap((key) => buffer.columns.get(key) ?? []);
    return {
      t: buffer.t.slice(),
      columns: drawn.map(({ key, group, v, s }) => ({ key, group, v: v.slice(), s: s.slice() })),
      intervals: undefined,
    };
  });
  const groups = columns.map(({ group }) => group);
  const labels = intervals ?? groupLabels(groups, panel.title);
  const first = lowerBound(t, fromMs);
  const end = lowerBound(t, toMs + 1);
  const rows = Array.from({ length: Math.min(MOST_ROWS, end - first) }, (_, i) => end - 1 - i);
  return (
    <div class="table-scroll" tabIndex={0} role="group" aria-label={`${panel.title}, as a table`}>
      <table class="table">
        <thead>
          <tr>
            <th scope="col">Window’s end</th>
            {columns.map(({ key }, i) => (
              <th key={key} scope="col" class="figure" dir="auto" title={labels[i]}>
                {labels[i]}
              </th>
            ))}
            <th scope="col" class="state">
              State
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={t[row]}>
              <td>{formatMoment(t[row] ?? 0)}</td>
              {columns.map(({ key, v }) => (
                <td key={key} class="figure">
                  {formatValue(v[row], unit)}
                </td>
              ))}
              <td class="state">{stateWord(columns, row)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {end - first > MOST_ROWS && (
        <p class="table-more">{`${end - first - MOST_ROWS} earlier ones are in the CSV.`}</p>
      )}
    </div>
  );
}

/** How many values were in each interval, from low to high. */
function intervalColumns(props: PanelProps): { t: number[]; columns: Column[]; intervals: string[] } {
  const { series, traits, unit } = props;
  const distribution = distributionOf(series.buffer, traits, drawnSpan(props), traits.stepMs);
  const axis = valueRows(reachOf(distribution.counts.keys()), MOST_INTERVALS);
  const columns = rowCounts(distribution, axis).map((v, i): Column => {
    return { key: String(axis.rows[i]), group: {}, v, s: distribution.s };
  });
  const intervals = axis.rows.map((row) => intervalText(row, axis.step, unit));
  return { t: distribution.t, columns, intervals };
}

/** The least settled state of a row's values. */
function stateWord(
  columns: readonly { v: readonly unknown[]; s: readonly PointState[] }[],
  row: number,
): string {
  const states = columns.flatMap(({ v, s }) => (v[row] === undefined ? [] : (s[row] ?? 0)));
  if (states.length === 0) return "";
  const open = states.includes(POINT_STATE.provisional);
  if (open) return STATE_WORDS[POINT_STATE.provisional];
  if (states.includes(POINT_STATE.revised)) return STATE_WORDS[POINT_STATE.revised];
  return STATE_WORDS[states.includes(POINT_STATE.final) ? POINT_STATE.final : POINT_STATE.sealed];
}
