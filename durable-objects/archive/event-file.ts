import type { ColumnSource } from "hyparquet-writer";
import type { SchemaElement } from "hyparquet";
import type { EventRows } from "./event-rows.ts";
import { encodeParquet, jsonBytes } from "./parquet.ts";
import { groupSizes } from "./row-groups.ts";
import { type Codec, ZSTD } from "./zstd.ts";

/** An encoded file, and what the catalogue keeps of it. */
export interface EventFile {
  body: Uint8Array;
  rows: number;
  textBytes: number;
  /** Bytes at the end of the file that hold its metadata: a reader's first request. */
  footerBytes: number;
  minTs: number;
  maxTs: number;
  /** The event names, when there are few. */
  names?: string[];
}

const NAMED_MOST = 32;
/**
 * What a metric needs comes first and together. Props are JSON to whoever reads them. `batch` and `line` tell every
 * event from every other of its partition.
 */
const SCHEMA: SchemaElement[] = [
  { name: "event", num_children: 8 },
  { name: "name", type: "BYTE_ARRAY", converted_type: "UTF8", repetition_type: "REQUIRED" },
  { name: "ts", type: "INT64", converted_type: "TIMESTAMP_MILLIS", repetition_type: "REQUIRED" },
  { name: "value", type: "DOUBLE", repetition_type: "OPTIONAL" },
  { name: "user", type: "BYTE_ARRAY", converted_type: "UTF8", repetition_type: "OPTIONAL" },
  {
    name: "props",
    type: "BYTE_ARRAY",
    converted_type: "JSON",
    logical_type: { type: "JSON" },
    repetition_type: "OPTIONAL",
  },
  { name: "id", type: "BYTE_ARRAY", converted_type: "UTF8", repetition_type: "OPTIONAL" },
  { name: "batch", type: "INT64", repetition_type: "REQUIRED" },
  { name: "line", type: "INT32", repetition_type: "REQUIRED" },
];

/** Writes rows, at least one, as Parquet: sorted by name and time, in groups that a query can skip. */
export function encodeEvents(rows: EventRows, codec: Codec = ZSTD): EventFile {
  const order = rows.order();
  const names = pick(rows.name, order);
  const ts = pick(rows.ts, order);
  const { body, footerBytes } = encodeParquet({
    schema: SCHEMA,
    columns: columnsOf(rows, order, names, ts),
    groupSizes: groupSizes(names),
    bytesExpected: rows.length * 32,
    codec,
  });
  return {
    body,
    rows: rows.length,
    textBytes: rows.textBytes,
    footerBytes,
    ...extentOf(names, ts),
  };
}

function columnsOf(rows: EventRows, order: readonly number[], names: string[], ts: number[]): ColumnSource[] {
  const plain = { offsetIndex: false, statistics: false } as const;
  const props = order.map((row) => jsonBytes(rows.props[row]));
  return [
    { name: "name", data: names, encoding: "RLE_DICTIONARY", offsetIndex: false },
    { name: "ts", data: ts, encoding: "DELTA_BINARY_PACKED", offsetIndex: false },
    { name: "value", data: pick(rows.value, order), offsetIndex: false },
    { name: "user", data: pick(rows.user, order), ...plain },
    { name: "props", data: props, ...plain },
    { name: "id", data: pick(rows.id, order), ...plain },
    { name: "batch", data: pick(rows.batch, order), encoding: "DELTA_BINARY_PACKED", ...plain },
    { name: "line", data: pick(rows.line, order), encoding: "DELTA_BINARY_PACKED", ...plain },
  ];
}

function pick<T>(column: readonly T[], order: readonly number[]): T[] {
  return order.map((row) => column[row] as T);
}

function extentOf(
  names: readonly string[],
  ts: readonly number[],
): Pick<EventFile, "minTs" | "maxTs" | "names"> {
  const distinct = [...new Set(names)];
  const minTs = ts.reduce((least, t) => Math.min(least, t));
  const maxTs = ts.reduce((most, t) => Math.max(most, t));
  return distinct.length <= NAMED_MOST ? { minTs, maxTs, names: distinct } : { minTs, maxTs };
}
