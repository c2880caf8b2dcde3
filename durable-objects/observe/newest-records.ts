import type { LogSource, StoredRecord } from "../log/event-log.ts";

/** The newest records of a partition, ascending, without a hole between them. */
export interface NewestRecords {
  records: StoredRecord[];
  /** One past the newest. */
  endOffset: number;
  /** Offsets from where the caller wanted to read to the first that was. */
  skipped: number;
}

/** Past any log's end: reading there tells only where that is. */
const BEYOND_THE_END = 2 ** 52;
/** Records that are read at first: a record has at most 900 kB. */
const FIRST_RECORDS = 4;
const GROWTH = 4;
const READ_BYTES = 256 * 1024;
/** In a row: Kafka's offsets may have holes, but before the oldest record there is nothing but these. */
const MOST_EMPTY_STEPS = 2;

/**
 * Reads the end of a partition backwards in growing steps, until `maxBytes` are read, about.
 *
 * @param from the oldest offset wanted, such as where the last reading ended; undefined: as many as fit.
 * @throws LogUnavailableError
 */
export async function newestRecords(
  source: LogSource,
  from: number | undefined,
  maxBytes: number,
): Promise<NewestRecords> {
  if (from !== undefined) {
    const slice = await source.read(from, maxBytes, 0);
    // A log that was made anew ends before the cursor of an older one.
    if (slice.endOffset >= from && slice.nextOffset >= slice.endOffset) {
      return { records: slice.records, endOffset: slice.endOffset, skipped: 0 };
    }
  }
  const { endOffset } = await source.read(BEYOND_THE_END, 1, 0);
  const floor = from === undefined || from > endOffset ? 0 : from;
  const runs: StoredRecord[][] = [];
  let read = 0;
  let bytes = 0;
  let begin = endOffset;
  let count = FIRST_RECORDS;
  let emptySteps = 0;
  while (begin > floor && emptySteps < MOST_EMPTY_STEPS) {
    const start = Math.max(floor, begin - count);
    const older = await readRange(source, start, begin);
    emptySteps = older.length === 0 ? emptySteps + 1 : 0;
    runs.unshift(older);
    read += older.length;
    bytes += older.reduce((sum, { value }) => sum + value.byteLength, 0);
    begin = start;
    if (bytes >= maxBytes) break;
    const fitting = bytes === 0 ? count * GROWTH : ((maxBytes - bytes) * read) / bytes;
    count = Math.max(1, Math.min(count * GROWTH, Math.floor(fitting)));
  }
  return { records: runs.flat(), endOffset, skipped: from === undefined ? 0 : Math.max(0, begin - floor) };
}

async function readRange(source: LogSource, from: number, to: number): Promise<StoredRecord[]> {
  const records: StoredRecord[] = [];
  for (let next = from; next < to;) {
    const slice = await source.read(next, READ_BYTES, 0);
    if (slice.nextOffset <= next) break;
    for (const record of slice.records) if (record.offset < to) records.push(record);
    next = slice.nextOffset;
  }
  return records;
}
