import type { IHeaders, KafkaMessage } from "kafkajs";
import type { LogRecord, StoredRecord } from "./event-log.ts";

/** A produced batch of Kafka's must stay below the brokers' default `message.max.bytes`, 1,048,588. */
const MAX_BATCH_BYTES = 1_000_000;
/** Key, headers and framing of one record, about. */
const RECORD_OVERHEAD_BYTES = 512;

/** A record as kafkajs writes it: headers are decimal text, so that `kcat` and Flink read them. */
export function toKafkaMessage({ key, headers, value }: LogRecord): {
  key: string;
  value: Buffer;
  headers: Record<string, string>;
} {
  return {
    key,
    value: Buffer.from(value.buffer, value.byteOffset, value.byteLength),
    headers: {
      project: headers.project,
      count: String(headers.count),
      "received-at": String(headers.receivedAtMs),
      "schema-version": String(headers.schemaVersion),
    },
  };
}

/** The record that a Kafka message holds, or undefined when it is none of ours: something else wrote to the topic. */
export function toStoredRecord(message: KafkaMessage): StoredRecord | undefined {
  const { key, value, headers = {} } = message;
  const project = text(headers, "project");
  const count = decimal(headers, "count");
  const receivedAtMs = decimal(headers, "received-at");
  const schemaVersion = decimal(headers, "schema-version");
  if (!key || !value || project === undefined) return undefined;
  if (count === undefined || receivedAtMs === undefined || schemaVersion === undefined) return undefined;
  return {
    offset: Number(message.offset),
    key: key.toString(),
    headers: { project, count, receivedAtMs, schemaVersion },
    value: new Uint8Array(value.buffer, value.byteOffset, value.byteLength),
    ...timeOf(message),
  };
}

/** When the producer sent it, or the broker took it, as the topic is set up. */
function timeOf({ timestamp }: KafkaMessage): { appendedAtMs?: number } {
  const appendedAtMs = Number(timestamp);
  return appendedAtMs > 0 ? { appendedAtMs } : {};
}

/** Cuts records, in their order, into runs that each fit one produced batch. */
export function toBatches(records: LogRecord[]): LogRecord[][] {
  const batches: LogRecord[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const record of records) {
    const size = record.value.byteLength + RECORD_OVERHEAD_BYTES;
    const last = batches.at(-1);
    if (last !== undefined && bytes + size <= MAX_BATCH_BYTES) {
      last.push(record);
      bytes += size;
    } else {
      batches.push([record]);
      bytes = size;
    }
  }
  return batches;
}

function text(headers: IHeaders, name: string): string | undefined {
  const value = headers[name];
  return value === undefined || Array.isArray(value) ? undefined : value.toString();
}

function decimal(headers: IHeaders, name: string): number | undefined {
  const digits = text(headers, name);
  return digits !== undefined && /^\d{1,15}$/.test(digits) ? Number(digits) : undefined;
}
