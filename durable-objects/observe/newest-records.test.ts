import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { LogSlice, LogSource, StoredRecord } from "../log/event-log.ts";
import { newestRecords } from "./newest-records.ts";

const RECORD_BYTES = 1_000;

/** A partition that holds `offsets`; counts the bytes that are read. */
class HeldRecords implements LogSource {
  readonly #records: StoredRecord[];
  readonly #endOffset: number;
  bytesRead = 0;
  reads = 0;

  constructor(offsets: readonly number[], endOffset: number) {
    this.#endOffset = endOffset;
    this.#records = offsets.map((offset) => ({
      offset,
      key: String(offset),
      headers: { project: "p", count: 1, receivedAtMs: offset, schemaVersion: 1 },
      value: new Uint8Array(RECORD_BYTES),
    }));
  }

  async read(from: number | "earliest", maxBytes: number): Promise<LogSlice> {
    this.reads++;
    const held = this.#records.filter(({ offset }) => from === "earliest" || offset >= from);
    const records = held.slice(0, Math.max(1, Math.floor(maxBytes / RECORD_BYTES)));
    this.bytesRead += records.length * RECORD_BYTES;
    const last = records.at(-1);
    const nextOffset = last === undefined ? Number(from) : last.offset + 1;
    return { records, nextOffset, endOffset: this.#endOffset };
  }
  async commit(): Promise<void> {}
  async close(): Promise<void> {}
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);
const offsetsOf = (records: readonly StoredRecord[]): number[] => records.map(({ offset }) => offset);

describe("[U7] the newest records of a partition", () => {
  it("[U7] are its end, as far as the bytes reach, whatever is before", async () => {
    const source = new HeldRecords(range(0, 10_000), 10_000);
    const { records, endOffset, skipped } = await newestRecords(source, undefined, 50 * RECORD_BYTES);
    expect(endOffset).toBe(10_000);
    expect(records.length).toBeGreaterThanOrEqual(50);
    expect(records.length).toBeLessThan(60);
    expect(offsetsOf(records)).toEqual(range(10_000 - records.length, 10_000));
    expect(skipped).toBe(0);
    expect(source.bytesRead).toBeLessThan(6 * 300 * RECORD_BYTES);
  });

  it("[U7] are what is new since the last reading, in one read", async () => {
    const source = new HeldRecords(range(0, 100), 100);
    const { records, skipped } = await newestRecords(source, 97, 50 * RECORD_BYTES);
    expect([offsetsOf(records), skipped, source.reads]).toEqual([[97, 98, 99], 0, 1]);
  });

  it("[U7] leave out the older ones when there are too many new ones, and say how many", async () => {
    const source = new HeldRecords(range(0, 1_000), 1_000);
    const { records, skipped } = await newestRecords(source, 100, 20 * RECORD_BYTES);
    expect(records.at(-1)?.offset).toBe(999);
    expect(skipped).toBe((records[0]?.offset ?? 0) - 100);
    expect(skipped).toBeGreaterThan(800);
  });

  it("[U7] of a log that was made anew begin at its own", async () => {
    const source = new HeldRecords(range(0, 3), 3);
    const { records, endOffset } = await newestRecords(source, 500, 20 * RECORD_BYTES);
    expect([offsetsOf(records), endOffset]).toEqual([[0, 1, 2], 3]);
  });

  it("[U7] of an empty partition, or one that retention has emptied, are none", async () => {
    expect(await newestRecords(new HeldRecords([], 0), undefined, 1_000)).toMatchObject({ records: [] });
    const emptied = new HeldRecords([], 1_000_000);
    expect(await newestRecords(emptied, undefined, 1_000)).toMatchObject({ records: [] });
    expect(emptied.reads).toBeLessThan(5);
  });

  it("[U7] have no hole and nothing twice, whatever the log lacks", async () => {
    const held = fc.uniqueArray(fc.integer({ min: 0, max: 400 }), { maxLength: 200 });
    const cursor = fc.option(fc.integer({ min: 0, max: 420 }), { nil: undefined });
    const bytes = fc.integer({ min: 1, max: 100 * RECORD_BYTES });
    await fc.assert(
      fc.asyncProperty(held, cursor, bytes, async (offsets, from, maxBytes) => {
        const sorted = offsets.toSorted((a, b) => a - b);
        const endOffset = (sorted.at(-1) ?? -1) + 1;
        const source = new HeldRecords(sorted, endOffset);
        const { records } = await newestRecords(source, from, maxBytes);
        const wanted = from === undefined || from > endOffset ? sorted : sorted.filter((o) => o >= from);
        expect(offsetsOf(records)).toEqual(wanted.slice(wanted.length - records.length));
        expect(source.reads).toBeLessThan(40);
      }),
    );
  });
});
