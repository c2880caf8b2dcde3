import type { FileMetaData, RowGroup } from "hyparquet";

/** Which rows of a file are wanted that is sorted by a name, then by time. */
export interface RowQuery {
  nameColumn: string;
  timeColumn: string;
  /** Rows of this name; absent: of every name. */
  name?: string;
  /** From this time on, epoch ms. */
  fromMs: number;
  /** Before this time, epoch ms. */
  toMs: number;
  /** Columns beside the two. */
  columns: readonly string[];
}

/** A row group that may hold wanted rows, and what to read of it. */
export interface GroupRead {
  rowStart: number;
  rows: number;
  columns: string[];
  /** The name of all its rows, when it is known without reading. */
  name?: string;
  /** Requests: byte ranges of the file, ascending, end exclusive. */
  ranges: ByteRange[];
  /** Bytes of the columns themselves. */
  neededBytes: number;
}

export interface ByteRange {
  start: number;
  end: number;
}

/** Of what is needed, so much more may be read to save requests. */
const WASTE_MOST = 0.1;

/** Plans the reading of a file: only groups that may hold wanted rows, of those only the columns needed. */
export function planFile(metadata: FileMetaData, query: RowQuery): GroupRead[] {
  const reads: GroupRead[] = [];
  let rowStart = 0;
  for (const group of metadata.row_groups) {
    const rows = Number(group.num_rows);
    if (mayHold(group, query)) reads.push(planGroup(group, query, rowStart, rows));
    rowStart += rows;
  }
  return reads;
}

function mayHold(group: RowGroup, { nameColumn, timeColumn, name, fromMs, toMs }: RowQuery): boolean {
  const names = extentOf(group, nameColumn);
  if (name !== undefined && names !== undefined) {
    if (isBefore(name, String(names.min)) || isBefore(String(names.max), name)) return false;
  }
  const times = extentOf(group, timeColumn);
  return times === undefined || (Number(times.min) < toMs && Number(times.max) >= fromMs);
}

/** Parquet orders text by code points. Where JavaScript would order it by surrogates, the answer is no. */
function isBefore(a: string, b: string): boolean {
  return a < b && !/[\ud800-\udfff]/.test(a + b);
}

function planGroup(group: RowGroup, query: RowQuery, rowStart: number, rows: number): GroupRead {
  const names = extentOf(group, query.nameColumn);
  const only = names !== undefined && names.min === names.max ? String(names.min) : undefined;
  const columns = [...(only === undefined ? [query.nameColumn] : []), query.timeColumn, ...query.columns];
  const chunks = columns.map((column) => chunkOf(group, column)).sort((a, b) => a.start - b.start);
  const neededBytes = chunks.reduce((sum, { start, end }) => sum + end - start, 0);
  const read: GroupRead = { rowStart, rows, columns, ranges: joinRanges(chunks), neededBytes };
  return only === undefined ? read : { ...read, name: only };
}

/** Joins neighbours, the nearest first, while the bytes between them are few beside those that are wanted. */
export function joinRanges(ranges: readonly ByteRange[]): ByteRange[] {
  const wanted = ranges.reduce((sum, { start, end }) => sum + end - start, 0);
  const gaps = ranges
    .slice(1)
    .map(({ start }, i) => ({ index: i + 1, bytes: start - (ranges[i]?.end ?? start) }))
    .sort((a, b) => a.bytes - b.bytes);
  const joined = new Set<number>();
  let wasted = 0;
  for (const { index, bytes } of gaps) {
    wasted += bytes;
    if (wasted > wanted * WASTE_MOST) break;
    joined.add(index);
  }
  const requests: ByteRange[] = [];
  for (const [index, range] of ranges.entries()) {
    const last = requests.at(-1);
    if (joined.has(index) && last !== undefined) last.end = range.end;
    else requests.push({ ...range });
  }
  return requests;
}

function chunkOf(group: RowGroup, column: string): ByteRange {
  const meta = metadataOf(group, column);
  if (meta === undefined) throw new Error(`a file of the archive has no column ${column}`);
  const start = Number(meta.dictionary_page_offset ?? meta.data_page_offset);
  return { start, end: start + Number(meta.total_compressed_size) };
}

function extentOf(group: RowGroup, column: string): { min: unknown; max: unknown } | undefined {
  const statistics = metadataOf(group, column)?.statistics;
  const [min, max] = [statistics?.min_value, statistics?.max_value];
  return min === undefined || max === undefined ? undefined : { min, max };
}

function metadataOf(group: RowGroup, column: string): RowGroup["columns"][number]["meta_data"] {
  return group.columns.find(({ meta_data }) => meta_data?.path_in_schema[0] === column)?.meta_data;
}
