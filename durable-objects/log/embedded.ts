import type { LogPartition } from "../log-partition.ts";
import {
  type LogAppender,
  type LogRecord,
  type LogSlice,
  type LogSource,
  LogUnavailableError,
  type StoredRecord,
} from "./event-log.ts";
import { decodeSegment, encodeSegments } from "./segment.ts";

/** A row of SQLite holds 2 MB at most. */
const MAX_SEGMENT_BYTES = 1_900_000;

/** Whoever finds the object of a partition. */
export type PartitionLookup = (partition: number) => DurableObjectStub<LogPartition>;

/** The writing end of the embedded log. */
export function embeddedAppender(lookup: PartitionLookup): LogAppender {
  return {
    async append(partition: number, records: LogRecord[]): Promise<void> {
      const segments = encodeSegments(records, MAX_SEGMENT_BYTES);
      await attempt(partition, () => lookup(partition).append(segments));
    },
    async close(): Promise<void> {},
  };
}

/** The reading end of one partition of the embedded log. It never waits: the partition wakes its readers. */
export function embeddedSource(
  lookup: PartitionLookup,
  partition: number,
  reader: "reader" | "archiver" | "viewer" = "reader",
): LogSource {
  return {
    async read(fromOffset: number | "earliest", maxBytes: number): Promise<LogSlice> {
      const from = fromOffset === "earliest" ? 0 : fromOffset;
      const { segments, endOffset } = await attempt(partition, () => lookup(partition).read(from, maxBytes));
      const records: StoredRecord[] = [];
      for (const segment of segments) {
        for (const record of decodeSegment(segment)) if (record.offset >= from) records.push(record);
      }
      const last = records.at(-1);
      return {
        records,
        nextOffset: last === undefined ? Math.max(from, endOffset) : last.offset + 1,
        endOffset,
      };
    },
    async commit(nextOffset: number): Promise<void> {
      if (reader !== "viewer") await attempt(partition, () => lookup(partition).commit(nextOffset, reader));
    },
    async close(): Promise<void> {},
  };
}

async function attempt<T>(partition: number, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new LogUnavailableError(`partition ${partition} of the embedded log: ${why}`);
  }
}
