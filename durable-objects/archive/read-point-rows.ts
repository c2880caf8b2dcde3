import { parquetMetadata } from "hyparquet";
import { type Columns, readGroup } from "./group-reader.ts";
import type { FilePoint } from "./point-file.ts";

const ALL = ["metric", "t", "group", "value", "items", "state", "revised", "revision", "seq"];

/** All points of a file, added to `points`. A text that `texts` has is there once. */
export async function readPointRows(
  body: ArrayBuffer,
  points: FilePoint[],
  texts: Map<string, string>,
): Promise<void> {
  const metadata = parquetMetadata(body);
  let rowStart = 0;
  for (const { num_rows } of metadata.row_groups) {
    const rows = Number(num_rows);
    const columns = await readGroup(body, metadata, ALL, rowStart, rows);
    for (let row = 0; row < rows; row++) points.push(pointOf(columns, row, texts));
    rowStart += rows;
  }
}

function pointOf(columns: Columns, row: number, texts: Map<string, string>): FilePoint {
  const at = (column: string): unknown => columns[column]?.[row];
  const once = (text: string): string => {
    const known = texts.get(text);
    if (known === undefined) texts.set(text, text);
    return known ?? text;
  };
  const [value, items, state] = [at("value"), at("items"), at("state")];
  return {
    metric: once(String(at("metric"))),
    revision: Number(at("revision")),
    t: Number(at("t")),
    group: once(String(at("group"))),
    value: typeof value === "number" ? value : null,
    items: typeof items === "string" ? items : null,
    state: typeof state === "string" ? state : null,
    revised: at("revised") === true,
    seq: Number(at("seq")),
  };
}
