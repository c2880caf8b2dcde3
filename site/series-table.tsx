import type { VNode } from "preact";
import { useRef } from "preact/hooks";
import { formatValue, type Unit } from "./format.ts";
import type { Picture } from "./picture.ts";
import { summaryOf } from "./summary.ts";

interface SeriesTableProps {
  title: string;
  picture: Picture;
  labels: readonly string[];
  fromMs: number;
  unit: Unit;
}

/** A screen reader that stands in the table must not lose its place four times a second. */
const REFRESH_MS = 5_000;

/** What a chart shows, as a table for those who do not see it. */
export function SeriesTable(props: SeriesTableProps) {
  const kept = useRef<{ fromMs: number; rows: number; table: VNode }>(undefined);
  const { fromMs, picture } = props;
  const fresh = kept.current !== undefined && Math.abs(fromMs - kept.current.fromMs) < REFRESH_MS;
  if (!fresh || kept.current?.rows !== picture.rows.length) {
    kept.current = { fromMs, rows: picture.rows.length, table: tableOf(props) };
  }
  return kept.current?.table ?? null;
}

function tableOf({ title, picture, labels, fromMs, unit }: SeriesTableProps): VNode {
  return (
    <table class="visually-hidden">
      <caption>{title}</caption>
      <thead>
        <tr>
          <th scope="col">Series</th>
          <th scope="col">Low</th>
          <th scope="col">Mean</th>
          <th scope="col">High</th>
        </tr>
      </thead>
      <tbody>
        {picture.rows.map(({ key }, row) => {
          const summary = summaryOf(picture, row, fromMs);
          return (
            <tr key={key}>
              <th scope="row">{labels[row]}</th>
              <td>{formatValue(summary?.low, unit)}</td>
              <td>{formatValue(summary?.mean, unit)}</td>
              <td>{formatValue(summary?.high, unit)}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
