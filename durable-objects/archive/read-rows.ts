import { parquetMetadata } from "hyparquet";
import type { EventRows } from "./event-rows.ts";
import { type Columns, readGroup } from "./group-reader.ts";

const ALL = ["name", "ts", "value", "user", "props", "id", "batch", "line"];

/** Adds all rows of a file to `rows`. */
export async function readRows(body: ArrayBuffer, rows: EventRows): Promise<void> {
  const metadata = parquetMetadata(body);
  let rowStart = 0;
  for (const { num_rows } of metadata.row_groups) {
    const count = Number(num_rows);
    const columns = await readGroup(body, metadata, ALL, rowStart, count);
    for (let row = 0; row < count; row++) addRow(rows, columns, row);
    rowStart += count;
  }
}

function addRow(rows: EventRows, columns: Columns, row: number): void {
  rows.addRow({
    name: String(columns["name"]?.[row]),
    ts: Number(columns["ts"]?.[row]),
    user: text(columns["user"]?.[row]),
    value: (columns["value"]?.[row] as number | null | undefined) ?? null,
    props: text(columns["props"]?.[row]),
    id: text(columns["id"]?.[row]),
    batch: Number(columns["batch"]?.[row]),
    line: Number(columns["line"]?.[row]),
  });
}

function text(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}
