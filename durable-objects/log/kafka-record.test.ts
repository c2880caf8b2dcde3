import { describe, expect, test } from "vitest";
import type { LogRecord } from "./event-log.ts";
import { toBatches, toKafkaMessage, toStoredRecord } from "./kafka-record.ts";

function record(bytes: number): LogRecord {
  const headers = { project: "demo", count: 2, receivedAtMs: 1_795_000_000_123, schemaVersion: 1 };
  return { key: "batch-1", headers, value: new Uint8Array(bytes).fill(7) };
}

/** What kafkajs gives back of what it was given: everything as bytes. */
function asFetched(changes: { key?: null; value?: null; headers?: Record<string, string> } = {}): never {
  const { key, value, headers } = { ...toKafkaMessage(record(3)), ...changes };
  const bytes = Object.entries(headers).map(([name, text]) => [name, Buffer.from(text)]);
  return {
    offset: "42",
    key: key === null ? null : Buffer.from(key),
    value,
    headers: Object.fromEntries(bytes) as unknown,
  } as never;
}

describe("records as Kafka messages", () => {
  test("[I2] headers are decimal text that other tools can read", () => {
    expect(toKafkaMessage(record(1)).headers).toEqual({
      project: "demo",
      count: "2",
      "received-at": "1795000000123",
      "schema-version": "1",
    });
  });

  test("[I2] a message gives the record back, its value a plain Uint8Array", () => {
    const stored = toStoredRecord(asFetched());
    expect(stored).toEqual({ ...record(3), offset: 42 });
    expect(stored?.value.constructor).toBe(Uint8Array);
  });

  test.each([
    ["no key", { key: null }],
    ["no value", { value: null }],
    ["no headers", { headers: {} }],
    ["no project", { headers: { count: "1", "received-at": "1", "schema-version": "1" } }],
    [
      "a count in words",
      { headers: { project: "p", count: "one", "received-at": "1", "schema-version": "1" } },
    ],
    [
      "a count below nothing",
      { headers: { project: "p", count: "-1", "received-at": "1", "schema-version": "1" } },
    ],
    [
      "a time past all integers",
      { headers: { project: "p", count: "1", "received-at": "9".repeat(20), "schema-version": "1" } },
    ],
  ])("[I2] a message with %s is none of ours", (_, changes) => {
    expect(toStoredRecord(asFetched(changes))).toBe(undefined);
  });
});

describe("records cut into what one produced batch may hold", () => {
  test.each([
    [[], []],
    [[10, 10, 10], [3]],
    [
      [524_288, 524_288, 524_288],
      [1, 1, 1],
    ],
    [
      [400_000, 400_000, 400_000, 10],
      [2, 2],
    ],
    [
      [2_000_000, 10],
      [1, 1],
    ],
  ])("[I2] values of %j bytes go as batches of %j records", (sizes, counts) => {
    const batches = toBatches(sizes.map(record));
    expect(batches.map((batch) => batch.length)).toEqual(counts);
    expect(batches.flat().map(({ value }) => value.byteLength)).toEqual(sizes);
  });
});
