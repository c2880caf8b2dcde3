import { type AsyncBuffer, type DecodedArray, type FileMetaData, parquetRead } from "hyparquet";
import { decompress } from "./zstd.ts";

/** Values of some columns for the rows of one group. A column that was not read is missing. */
export type Columns = Partial<Record<string, ArrayLike<unknown>>>;

/**
 * Reads columns of one row group.
 *
 * @param file need only answer for the bytes of those columns.
 * @param rowStart the group's first row in the file.
 */
export async function readGroup(
  file: AsyncBuffer,
  metadata: FileMetaData,
  columns: readonly string[],
  rowStart: number,
  rows: number,
): Promise<Columns> {
  const pages = new Map<string, DecodedArray[]>(columns.map((column) => [column, []]));
  await parquetRead({
    file,
    metadata,
    columns: [...columns],
    rowStart,
    rowEnd: rowStart + rows,
    compressors: { ZSTD: decompress },
    parsers: { timestampFromMilliseconds: Number, jsonFromBytes: textOf },
    onChunk: ({ columnName, columnData }) => pages.get(columnName)?.push(columnData),
  });
  const read: Columns = {};
  for (const column of columns) read[column] = joined(pages.get(column) ?? []);
  return read;
}

const decoder = new TextDecoder();

function textOf(bytes: Uint8Array | undefined): string | undefined {
  return bytes && decoder.decode(bytes);
}

function joined(pages: readonly DecodedArray[]): ArrayLike<unknown> {
  const [only] = pages;
  if (pages.length === 1 && only !== undefined) return only as ArrayLike<unknown>;
  return pages.flatMap((page) => Array.from(page as ArrayLike<unknown>));
}
