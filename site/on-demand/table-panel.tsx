import { useRef } from "preact/hooks";
import { formatAge, formatValue } from "../format.ts";
import { valueLabel } from "../series/group-label.ts";
import { useFrozen, useSize } from "../hooks.ts";
import { pageOptions } from "../page/page-options.ts";
import { pictureOf } from "../chart/picture.ts";
import { search } from "../route.ts";
import { summaryOf } from "./summary.ts";
import { TABLE_ROWS, wholeRows } from "./whole-rows.ts";
import { drawnSpan, readingsNow, scales, type PanelProps } from "../panels/panel-props.ts";
import "../styles/table.css";

const DEFAULT_TOP = 50;

/** Each group's newest value and what it did over the range. */
export function TablePanel(props: PanelProps) {
  const { panel, series, traits, unit, nowMs, paused } = props;
  const { fromMs } = drawnSpan(props);
  const rows = useFrozen(paused, series, () => {
    const found = readingsNow(props);
    found.sort((a, b) => b.value - a.value || (a.key < b.key ? -1 : 1));
    const shown = found.slice(0, panel.top ?? DEFAULT_TOP);
    const columns = shown.flatMap(({ key }) => series.buffer.columns.get(key) ?? []);
    const picture = pictureOf(series.buffer, columns, traits);
    const rowOf = (key: string): number => picture.rows.findIndex((row) => row.key === key);
    return shown.map((reading) => ({ reading, summary: summaryOf(picture, rowOf(reading.key), fromMs) }));
  });
  const keys = Object.keys(rows[0]?.reading.group ?? {});
  const element = useRef<HTMLDivElement>(null);
  const { height } = useSize(element);
  // Nobody scrolls on a wall.
  const { kiosk } = pageOptions(search.value);
  const seen = kiosk ? rows.slice(0, wholeRows(rows.length, height, TABLE_ROWS)) : rows;
  return (
    <div class="table-scroll" ref={element} tabIndex={0} role="group" aria-label={panel.title}>
      <table class="table">
        <thead>
          <tr>
            {keys.map((key) => (
              <th key={key} scope="col">
                {key}
              </th>
            ))}
            <th scope="col" class="figure">
              {`Now${scales(props).now}`}
            </th>
            <th scope="col" class="figure optional">
              Low
            </th>
            <th scope="col" class="figure optional">
              Mean
            </th>
            <th scope="col" class="figure">
              High
            </th>
            <th scope="col" class="figure">
              Updated
            </th>
          </tr>
        </thead>
        <tbody>
          {seen.map(({ reading: { key, group, value, t }, summary }) => (
            <tr key={key}>
              {keys.map((name) => (
                <td key={name} dir="auto" title={valueLabel(group[name])}>
                  {valueLabel(group[name])}
                </td>
              ))}
              <td class="figure strong">{formatValue(value, unit)}</td>
              <td class="figure optional">{formatValue(summary?.low, unit)}</td>
              <td class="figure optional">{formatValue(summary?.mean, unit)}</td>
              <td class="figure">{formatValue(summary?.high, unit)}</td>
              <td class="figure">{nowMs - t < 1_000 ? "now" : formatAge(nowMs - t)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {seen.length < rows.length && <p class="table-more">{`${rows.length - seen.length} more`}</p>}
    </div>
  );
}
