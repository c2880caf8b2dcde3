import { type LogSource, LogUnavailableError, type StoredRecord } from "../log/event-log.ts";
import { isFull, type Waiting } from "./cut-policy.ts";

/** Records from an offset on, no more than a cut takes. */
export interface Gathered extends Waiting {
  records: StoredRecord[];
  /** One past what was gathered. */
  nextOffset: number;
  endOffset: number;
  /** Offsets that the log did not hold any more. */
  lostOffsets: number;
}

const READ_BYTES = 1024 * 1024;

/** Reads until there is enough for a cut, or no more. */
export async function gather(source: LogSource, from: number): Promise<Gathered> {
  const gathered: Gathered = {
    records: [],
    nextOffset: from,
    endOffset: from,
    lostOffsets: 0,
    bytes: 0,
    events: 0,
    oldestMs: Number.POSITIVE_INFINITY,
  };
  while (!isFull(gathered)) {
    const slice = await source.read(gathered.nextOffset, READ_BYTES, 0);
    gathered.endOffset = slice.endOffset;
    if (slice.endOffset < gathered.nextOffset) throw madeAnew(slice.endOffset, gathered.nextOffset);
    if (slice.nextOffset <= gathered.nextOffset) break;
    take(gathered, slice.records, slice.nextOffset);
    if (gathered.nextOffset >= slice.endOffset) break;
  }
  return gathered;
}

/** Reads a range again, as far as the log still holds it. */
export async function gatherRange(
  source: LogSource,
  from: number,
  to: number,
): Promise<{ records: StoredRecord[]; lostOffsets: number }> {
  const records: StoredRecord[] = [];
  for (let next = from; next <= to;) {
    const slice = await source.read(next, READ_BYTES, 0);
    if (slice.nextOffset <= next) throw madeAnew(slice.endOffset, to + 1);
    for (const record of slice.records) if (record.offset <= to) records.push(record);
    next = slice.nextOffset;
  }
  return { records, lostOffsets: (records[0]?.offset ?? to + 1) - from };
}

function take(gathered: Gathered, records: readonly StoredRecord[], nextOffset: number): void {
  for (const record of records) {
    if (gathered.records.length === 0) {
      gathered.oldestMs = record.headers.receivedAtMs;
      gathered.lostOffsets = record.offset - gathered.nextOffset;
    }
    gathered.records.push(record);
    gathered.bytes += record.value.byteLength;
    gathered.events += record.headers.count;
    gathered.nextOffset = record.offset + 1;
    if (isFull(gathered)) return;
  }
  gathered.nextOffset = nextOffset;
}

function madeAnew(endOffset: number, wanted: number): LogUnavailableError {
  return new LogUnavailableError(
    `the partition ends at offset ${endOffset}, but was archived up to ${wanted}: its topic was made anew`,
  );
}
