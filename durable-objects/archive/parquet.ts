import { ByteWriter, type ColumnSource, ParquetWriter } from "hyparquet-writer";
import type { SchemaElement } from "hyparquet";
import { ZSTD } from "./zstd.ts";

/** Length of the metadata (u32), then `PAR1`. */
const TRAILER_BYTES = 8;

interface FileColumns {
  /** As readers see it. */
  schema: SchemaElement[];
  columns: ColumnSource[];
  /** Rows of each group. */
  groupSizes: number[];
  bytesExpected: number;
  codec?: typeof ZSTD;
}

/**
 * A Parquet file of some columns.
 *
 * @returns the file, and how many bytes at its end hold its metadata: a reader's first request.
 */
export function encodeParquet({ schema, columns, groupSizes, bytesExpected, codec = ZSTD }: FileColumns): {
  body: Uint8Array;
  footerBytes: number;
} {
  const parquet = new ParquetWriter({
    writer: new ByteWriter(bytesExpected),
    schema: schema.map(withoutJson),
    codec: codec.name,
    compressors: { [codec.name]: codec.compress },
    // Names are whole in the statistics: a group of one name is known by them.
    statisticsTruncateLength: Number.POSITIVE_INFINITY,
    createdBy: "freshet",
  });
  void parquet.write({ columnData: columns, rowGroupSize: groupSizes });
  parquet.schema = schema;
  void parquet.finish();
  const body = (parquet.writer as ByteWriter).getBytes().slice();
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  return { body, footerBytes: view.getUint32(body.length - TRAILER_BYTES, true) + TRAILER_BYTES };
}

const encoder = new TextEncoder();

/** JSON text as a column takes it. */
export function jsonBytes(text: string | null | undefined): Uint8Array | null {
  return typeof text === "string" ? encoder.encode(text) : null;
}

/** To the writer JSON is bytes: of JSON it would make text once more. */
function withoutJson(element: SchemaElement): SchemaElement {
  if (element.converted_type !== "JSON") return element;
  const { converted_type: _, logical_type: __, ...plain } = element;
  return plain;
}
