import { describe, expect, test } from "vitest";
import type { LogAppender, LogRecord, LogSource, StoredRecord } from "../../durable-objects/log/event-log.ts";
import { newestRecords } from "../../durable-objects/observe/newest-records.ts";
import { LIMITS } from "../../protocol/limits.ts";

export interface EventLogTraits {
  /** False when an empty `read` answers at once, because the log wakes its readers itself. */
  waits: boolean;
  /** Makes the log forget what lies before `offset`, as its retention would. Absent: that test is left out. */
  dropBefore?: (log: string, partition: number, offset: number) => Promise<void>;
}

/** Partitions that every log of the suite has. */
export const CONTRACT_PARTITIONS = 3;

const MAX_BYTES = 4 * 1024 * 1024;
const CONTRACT_TIMEOUT_MS = 30_000;

/**
 * What the writing and the reading end of every event log promise. `log` names a log that no other test has
 * used: the two functions open its ends.
 */
export function describeEventLog(
  name: string,
  makeAppender: (log: string) => LogAppender,
  makeSource: (log: string, partition: number) => LogSource,
  traits: EventLogTraits,
): void {
  describe(`event log: ${name}`, { timeout: CONTRACT_TIMEOUT_MS }, () => {
    const open = (): { log: string; appender: LogAppender; source: (partition: number) => LogSource } => {
      const log = `contract-${crypto.randomUUID().slice(0, 8)}`;
      return { log, appender: makeAppender(log), source: (partition) => makeSource(log, partition) };
    };

    test("[I2] gives back what was appended, byte for byte", async () => {
      const { appender, source } = open();
      const sent = [
        record("batch-1", "{}\n"),
        { ...record("naïve-✓", "{}"), value: Uint8Array.from({ length: 256 }, (_, i) => i) },
        { ...record("empty", ""), headers: headers({ project: "другой", count: 0 }) },
      ];
      await appender.append(1, sent);
      const { records, nextOffset, endOffset } = await source(1).read("earliest", MAX_BYTES, 5_000);
      expect(records.map(withoutOffset)).toEqual(sent);
      expect(nextOffset).toBe(last(records).offset + 1);
      expect(endOffset).toBe(nextOffset);
    });

    test("[I2] takes a view into a larger buffer for what it shows", async () => {
      const { appender, source } = open();
      const value = new TextEncoder().encode("....inside....").subarray(4, 10);
      await appender.append(0, [{ ...record("view", ""), value }]);
      const { records } = await source(0).read("earliest", MAX_BYTES, 5_000);
      expect(textOf(records)).toEqual(["inside"]);
    });

    test("[I2] keeps the order of appends and of the records in one", async () => {
      const { appender, source } = open();
      await appender.append(0, [record("a", "1"), record("a", "2")]);
      await appender.append(0, [record("b", "3")]);
      await appender.append(0, [record("a", "4")]);
      expect(textOf(await readAll(source(0), MAX_BYTES))).toEqual(["1", "2", "3", "4"]);
    });

    test("[I2] keeps partitions apart", async () => {
      const { appender, source } = open();
      await appender.append(0, [record("a", "zero")]);
      await appender.append(2, [record("a", "two")]);
      expect(textOf(await readAll(source(0), MAX_BYTES))).toEqual(["zero"]);
      expect(textOf(await readAll(source(1), MAX_BYTES))).toEqual([]);
      expect(textOf(await readAll(source(2), MAX_BYTES))).toEqual(["two"]);
    });

    test("[I2] loses and doubles nothing when several append at once", async () => {
      const { log, appender, source } = open();
      const other = makeAppender(log);
      const names = Array.from({ length: 60 }, (_, i) => `n${i}`);
      await Promise.all(names.map((name, i) => (i % 2 ? appender : other).append(0, [record(name, name)])));
      expect(textOf(await readAll(source(0), MAX_BYTES)).sort()).toEqual(names.sort());
    });

    test("[I2] takes the largest records, many in one append", async () => {
      const { appender, source } = open();
      const sent = Array.from({ length: 5 }, (_, i) => largeRecord(`large-${i}`, LIMITS.recordBytes, i));
      await appender.append(0, sent);
      const read = await readAll(source(0), 1024 * 1024);
      expect(read.map(({ key, value }) => [key, value.byteLength, value[0], value.at(-1)])).toEqual(
        sent.map(({ key, value }) => [key, value.byteLength, value[0], value.at(-1)]),
      );
    });

    test("an append of nothing does nothing", async () => {
      const { appender, source } = open();
      await appender.append(0, []);
      expect(await source(0).read("earliest", MAX_BYTES, 0)).toEqual({
        records: [],
        nextOffset: 0,
        endOffset: 0,
      });
    });

    test("an empty partition answers at once when it may not wait", async () => {
      const { source } = open();
      const reader = source(0);
      await reader.read("earliest", MAX_BYTES, 0);
      const beganMs = Date.now();
      const slice = await reader.read(0, MAX_BYTES, 0);
      expect(slice).toEqual({ records: [], nextOffset: 0, endOffset: 0 });
      expect(Date.now() - beganMs).toBeLessThan(1_000);
    });

    test("[W6] the same offset reads the same records again, by another reader too", async () => {
      const { appender, source } = open();
      for (let i = 0; i < 5; i++)
        await appender.append(0, [record(`k${i}`, `${i}`), record(`k${i}b`, `${i}b`)]);
      const reader = source(0);
      const all = await readAll(reader, MAX_BYTES);
      const from = all[3]?.offset ?? 0;
      const again = await reader.read(from, MAX_BYTES, 0);
      expect(textOf(again.records)).toEqual(textOf(all.slice(3)));
      expect(again.records).toEqual((await source(0).read(from, MAX_BYTES, 0)).records);
      expect((await reader.read("earliest", MAX_BYTES, 0)).records).toEqual(all);
    });

    test("[W6] small reads add up to the whole, with nothing twice", async () => {
      const { appender, source } = open();
      for (let i = 0; i < 20; i++) await appender.append(0, [largeRecord(`k${i}`, 10_000, i)]);
      const reader = source(0);
      const whole = await readAll(reader, MAX_BYTES);
      expect(whole.map(({ key }) => key)).toEqual(Array.from({ length: 20 }, (_, i) => `k${i}`));
      expect(await readAll(reader, 1)).toEqual(whole);
      expect(await readAll(reader, 35_000)).toEqual(whole);
    });

    test("a read keeps to its bytes, about, and says how much there is", async () => {
      const { appender, source } = open();
      for (let i = 0; i < 10; i++) await appender.append(0, [largeRecord(`k${i}`, 100_000, i)]);
      const slice = await source(0).read("earliest", 350_000, 5_000);
      const bytes = slice.records.reduce((sum, { value }) => sum + value.byteLength, 0);
      expect(bytes).toBeGreaterThanOrEqual(100_000);
      expect(bytes).toBeLessThanOrEqual(450_000);
      expect(slice.nextOffset).toBe(last(slice.records).offset + 1);
      expect(slice.endOffset).toBeGreaterThan(slice.nextOffset);
      expect((await readAll(source(0), MAX_BYTES)).length).toBe(10);
    });

    test("an offset past the end reads nothing and shows where the end is", async () => {
      const { appender, source } = open();
      await appender.append(0, [record("a", "1")]);
      const { endOffset } = await source(0).read("earliest", MAX_BYTES, 5_000);
      const slice = await source(0).read(endOffset + 1_000, MAX_BYTES, 0);
      expect(slice).toEqual({ records: [], nextOffset: endOffset + 1_000, endOffset });
    });

    test("[U8] its newest records are read from the end backwards", async () => {
      const { appender, source } = open();
      for (let i = 0; i < 60; i++) await appender.append(0, [largeRecord(`k${i}`, 10_000, i)]);
      const newest = await newestRecords(source(0), undefined, 200_000);
      expect(newest.records.length).toBeGreaterThanOrEqual(20);
      expect(newest.records.length).toBeLessThan(40);
      expect(newest.records.at(-1)?.key).toBe("k59");
      const offsets = newest.records.map(({ offset }) => offset);
      expect(offsets).toEqual(offsets.map((_, i) => newest.endOffset - offsets.length + i));
      const since = await newestRecords(source(0), newest.endOffset - 2, 200_000);
      expect(since.records.map(({ key }) => key)).toEqual(["k58", "k59"]);
      expect(await newestRecords(source(1), undefined, 200_000)).toMatchObject({ records: [], endOffset: 0 });
    });

    test("[U9] it says when it took a record", async () => {
      const { appender, source } = open();
      const beforeMs = Date.now();
      await appender.append(0, [record("a", "1")]);
      const { records } = await source(0).read("earliest", MAX_BYTES, 5_000);
      expect(records[0]?.appendedAtMs ?? 0).toBeGreaterThanOrEqual(beforeMs - 1_000);
      expect(records[0]?.appendedAtMs ?? 0).toBeLessThanOrEqual(Date.now() + 1_000);
    });

    test("a commit changes nothing for the reader", async () => {
      const { appender, source } = open();
      await appender.append(0, [record("a", "1"), record("b", "2")]);
      const reader = source(0);
      const { nextOffset } = await reader.read("earliest", MAX_BYTES, 5_000);
      await reader.commit(nextOffset);
      await reader.commit(nextOffset);
      expect(textOf((await reader.read("earliest", MAX_BYTES, 0)).records)).toEqual(["1", "2"]);
    });

    test("both ends open again after close", async () => {
      const { appender, source } = open();
      const reader = source(0);
      await appender.append(0, [record("a", "1")]);
      await appender.close();
      await appender.append(0, [record("b", "2")]);
      expect((await readAll(reader, MAX_BYTES)).length).toBe(2);
      await reader.close();
      expect((await readAll(reader, MAX_BYTES)).length).toBe(2);
    });

    test.runIf(traits.waits)("a read waits for a first record, and no longer", async () => {
      const { appender, source } = open();
      const reader = source(0);
      await appender.append(0, [record("a", "1")]);
      const { nextOffset } = await reader.read("earliest", MAX_BYTES, 5_000);
      const beganMs = Date.now();
      const waiting = reader.read(nextOffset, MAX_BYTES, 5_000);
      await new Promise((resolve) => setTimeout(resolve, 300));
      await appender.append(0, [record("b", "2")]);
      const slice = await waiting;
      expect(textOf(slice.records)).toEqual(["2"]);
      expect(slice.endOffset).toBe(nextOffset + 1);
      expect(Date.now() - beganMs).toBeLessThan(3_000);
    });

    test.runIf(traits.waits)("a read that waits in vain comes back empty, in time", async () => {
      const { appender, source } = open();
      const reader = source(0);
      await appender.append(0, [record("a", "1")]);
      const { nextOffset } = await reader.read("earliest", MAX_BYTES, 5_000);
      const beganMs = Date.now();
      const slice = await reader.read(nextOffset, MAX_BYTES, 700);
      expect(slice).toEqual({ records: [], nextOffset, endOffset: nextOffset });
      expect(Date.now() - beganMs).toBeGreaterThanOrEqual(600);
      expect(Date.now() - beganMs).toBeLessThan(2_500);
    });

    const { dropBefore } = traits;
    test.runIf(dropBefore)("an offset older than the oldest held reads from the oldest", async () => {
      const { log, appender, source } = open();
      for (let i = 0; i < 6; i++) await appender.append(0, [record(`k${i}`, `${i}`)]);
      const all = await readAll(source(0), MAX_BYTES);
      const oldest = all[4]?.offset ?? 0;
      await dropBefore?.(log, 0, oldest);
      const slice = await source(0).read(1, MAX_BYTES, 5_000);
      expect(slice.records[0]?.offset).toBe(oldest);
      expect(textOf(slice.records)).toEqual(["4", "5"]);
      expect((await source(0).read("earliest", MAX_BYTES, 5_000)).records).toEqual(slice.records);
    });
  });
}

/** A small record of one event. */
export function record(key: string, text: string): LogRecord {
  return { key, headers: headers(), value: new TextEncoder().encode(text) };
}

function headers(overrides: Partial<LogRecord["headers"]> = {}): LogRecord["headers"] {
  return { project: "demo", count: 1, receivedAtMs: 1_795_000_000_123, schemaVersion: 1, ...overrides };
}

function largeRecord(key: string, bytes: number, fill: number): LogRecord {
  return { key, headers: headers(), value: new Uint8Array(bytes).fill(fill) };
}

/** Reads from the oldest record to the end in steps of `maxBytes`; bounded, so that a reader that sticks fails. */
export async function readAll(source: LogSource, maxBytes: number): Promise<StoredRecord[]> {
  const all: StoredRecord[] = [];
  let from: number | "earliest" = "earliest";
  for (let step = 0; step < 200; step++) {
    const { records, nextOffset, endOffset } = await source.read(from, maxBytes, 0);
    all.push(...records);
    if (nextOffset >= endOffset) return all;
    if (records.length === 0 && nextOffset === from) throw new Error(`the reader sticks at offset ${from}`);
    from = nextOffset;
  }
  throw new Error("the partition did not end within 200 reads");
}

/** The values as text. */
export function textOf(records: LogRecord[]): string[] {
  return records.map(({ value }) => new TextDecoder().decode(value));
}

function withoutOffset({ key, headers, value }: StoredRecord): LogRecord {
  return { key, headers, value };
}

function last(records: StoredRecord[]): StoredRecord {
  const record = records.at(-1);
  if (record === undefined) throw new Error("no record came");
  return record;
}
