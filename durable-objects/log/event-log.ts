/** Version of what a record's value holds: 1 is NDJSON, one normalized event a line. */
export const RECORD_SCHEMA_VERSION = 1;

/** What travels beside a record's value; in Kafka the record headers of the same names in kebab case. */
export interface RecordHeaders {
  /** The tenant. */
  project: string;
  /** Events in the value. */
  count: number;
  /** When the edge received the batch, epoch ms. */
  receivedAtMs: number;
  schemaVersion: number;
}

/** One batch, or one part of a batch larger than a record may be. `key` is the batch id; `value` is NDJSON. */
export interface LogRecord {
  key: string;
  headers: RecordHeaders;
  value: Uint8Array;
}

export interface StoredRecord extends LogRecord {
  offset: number;
  /** When the log took it, epoch ms; absent: the log does not say. */
  appendedAtMs?: number;
}

/** A run of records of one partition. Offsets ascend and may have holes. */
export interface LogSlice {
  records: StoredRecord[];
  /** Where to read on: one past the last record, or where the reading began when there was none. */
  nextOffset: number;
  /** One past the newest record that the partition held at the time of reading. */
  endOffset: number;
}

/**
 * The writing end. One appender serves one Durable Object; it connects on first use and again after a failure.
 */
export interface LogAppender {
  /**
   * Appends records to one partition, in their order.
   *
   * @returns once every record is durable (Kafka: acks=all).
   * @throws LogUnavailableError when it cannot tell that they are; they may be there all the same, so a
   *   retry must carry the same keys.
   */
  append(partition: number, records: LogRecord[]): Promise<void>;
  close(): Promise<void>;
}

/** The reading end of one partition. Calls do not overlap: the next one is made when the last has returned. */
export interface LogSource {
  /**
   * Reads records from `fromOffset` on.
   *
   * @param fromOffset the first offset wanted; `earliest` is the oldest record held. An offset older than that
   *   reads from the oldest: the caller sees the hole by `records[0].offset`.
   * @param maxBytes of values, about: at least one record comes when there is one.
   * @param waitMs how long to wait for a first record; 0 answers at once.
   * @throws LogUnavailableError
   */
  read(fromOffset: number | "earliest", maxBytes: number, waitMs: number): Promise<LogSlice>;
  /** Tells the log how far this reader has got, for lag tools. What counts is the reader's own cursor. */
  commit(nextOffset: number): Promise<void>;
  close(): Promise<void>;
}

/** The log cannot be reached or refuses: the message says which and why. The caller tries again later. */
export class LogUnavailableError extends Error {
  override name = "LogUnavailableError";
}
