import { describe, expect, it } from "vitest";
import { BatchIdMemory } from "../engine/batch-id-memory.ts";
import type { LogSource, StoredRecord } from "../log/event-log.ts";
import { archivePath, hourOf, parseArchivePath } from "./archive-path.ts";
import { filesToCompact } from "./compaction.ts";
import { cutRecords } from "./cut.ts";
import { CUT_EVENTS, cutDueMs, isFull, retryPauseMs } from "./cut-policy.ts";
import { gather, gatherRange } from "./gather.ts";
import { groupSizes } from "./row-groups.ts";

const T = 1_795_000_000_000;

function record(offset: number, key: string, lines: string[], project = "p"): StoredRecord {
  const headers = { project, count: lines.length, receivedAtMs: T, schemaVersion: 1 };
  return { offset, key, headers, value: new TextEncoder().encode(lines.join("\n")) };
}

const line = (ts: number, name = "e"): string => JSON.stringify({ name, ts });

describe("[C1] where a file lies", () => {
  it("[C1] by project, by date and hour of the events in UTC, and by range of the log", () => {
    const place = {
      project: "shop",
      hourMs: hourOf(Date.UTC(2026, 10, 5, 7, 59, 59, 999)),
      partition: 3,
      from: 10,
      to: 42,
    };
    const path = "events/project=shop/date=2026-11-05/hour=07/p3-10-42.parquet";
    expect(archivePath(place)).toBe(path);
    expect(parseArchivePath(path)).toEqual(place);
    expect(parseArchivePath("points/project=shop/x.parquet")).toBeUndefined();
  });

  it("[C1] whatever a project is called, it stays one folder", () => {
    for (const project of ["../x", "a/b=c", "ü 𝒳", "."]) {
      const place = { project, hourMs: 0, partition: 0, from: 0, to: 0 };
      expect(archivePath(place).split("/")).toHaveLength(5);
      expect(parseArchivePath(archivePath(place))).toEqual(place);
    }
  });
});

describe("[C2] what a cut holds", () => {
  it("[C2] each event once, in the file of its project and hour, late ones in their own hour", () => {
    const records = [
      record(5, "a", [line(T), line(T - 3_600_000)]),
      record(6, "b", [line(T + 1)]),
      record(7, "a", [line(T), line(T - 3_600_000)]),
      record(8, "a", [line(T)], "q"),
    ];
    const cut = cutRecords(records, new BatchIdMemory(3_600_000));
    expect(cut.hours.map(({ project, hourMs, rows }) => [project, hourMs, rows.batch, rows.line])).toEqual([
      ["p", hourOf(T - 3_600_000), [5], [1]],
      ["p", hourOf(T), [5, 6], [0, 0]],
      ["q", hourOf(T), [8], [0]],
    ]);
    expect(cut).toMatchObject({ events: 4, duplicateBatches: 1, duplicateEvents: 2, malformedEvents: 0 });
  });

  it("[C2] a batch that an earlier cut held is left out", () => {
    const batchIds = new BatchIdMemory(3_600_000);
    for (const batch of cutRecords([record(0, "a", [line(T)])], batchIds).batches)
      batchIds.remember(batch, T);
    expect(cutRecords([record(1, "a", [line(T)])], batchIds)).toMatchObject({
      hours: [],
      duplicateEvents: 1,
    });
  });

  it("[C2] what is no event is counted and left out; a record that cannot be read counts as a reader counts it", () => {
    const records = [
      record(0, "a", ["{", "}"]),
      record(1, "b", [line(T), "5", '{"name":"x"}', '{"name":"x","ts":1.5}', '{"name":"x","ts":-1}']),
      record(2, "c", [line(T)], ""),
    ];
    const cut = cutRecords(records, new BatchIdMemory(3_600_000));
    expect(cut).toMatchObject({ events: 1, malformedEvents: 2 + 4 + 1 });
  });
});

describe("[C2] what is gathered for a cut", () => {
  const source = (records: StoredRecord[], endOffset: number): LogSource => ({
    read: async (from) => {
      const some = records.filter(({ offset }) => offset >= Number(from)).slice(0, 2);
      const last = some.at(-1);
      return {
        records: some,
        nextOffset: last === undefined ? Math.max(Number(from), endOffset) : last.offset + 1,
        endOffset,
      };
    },
    commit: async () => undefined,
    close: async () => undefined,
  });
  const records = Array.from({ length: 9 }, (_, i) => record(i + 10, `k${i}`, [line(T)]));

  it("[C2] all there is, to the end of the log, with the holes that it has", async () => {
    const gathered = await gather(source(records, 25), 4);
    expect(gathered).toMatchObject({ nextOffset: 25, endOffset: 25, lostOffsets: 6, events: 9, oldestMs: T });
    const again = await gatherRange(source([...records, record(30, "late", [line(T)])], 31), 4, 24);
    expect(again).toEqual({ records: gathered.records, lostOffsets: 6 });
  });

  it("[C2] no more than a cut takes: the range ends with the record that fills it", async () => {
    const large = records.map((r) => ({ ...r, headers: { ...r.headers, count: CUT_EVENTS / 2 } }));
    const gathered = await gather(source(large, 19), 10);
    expect(gathered).toMatchObject({ nextOffset: 12, endOffset: 19 });
    expect(gathered.records).toHaveLength(2);
  });

  it("[C2] a log that ends before the cursor is not taken for an empty one", async () => {
    await expect(gather(source([], 5), 10)).rejects.toThrow(/ends at offset 5, but was archived up to 10/);
  });
});

describe("[C1] when a cut is due", () => {
  it("[C1] when the oldest record is old enough, or the cut full by then", () => {
    const waiting = { bytes: 1_000, events: 10, oldestMs: T };
    expect(cutDueMs(waiting, T + 1_000, 300_000)).toBe(T + 300_000);
    expect(cutDueMs({ ...waiting, events: CUT_EVENTS }, T + 1_000, 300_000)).toBe(T + 1_000);
    expect(cutDueMs({ ...waiting, events: CUT_EVENTS / 4 }, T + 10_000, 300_000)).toBe(T + 40_000);
    expect(cutDueMs({ ...waiting, events: CUT_EVENTS - 1 }, T + 10_000, 300_000)).toBe(T + 11_000);
    expect(isFull({ bytes: 8 * 1024 * 1024, events: 0 })).toBe(true);
  });

  it("[C1] after failures at growing distances, a minute at most", () => {
    expect([1, 2, 3, 7, 100].map(retryPauseMs)).toEqual([1_000, 2_000, 4_000, 60_000, 60_000]);
  });
});

describe("[C1] groups and compaction", () => {
  it("[C1] a frequent name has groups of its own, seldom ones share", () => {
    const names = [
      ...Array<string>(10).fill("a"),
      ...Array<string>(20).fill("b"),
      ...Array<string>(25_001).fill("c"),
      ...Array<string>(999).fill("d"),
    ];
    expect(groupSizes(names)).toEqual([30, 8_333, 8_334, 8_334, 999]);
    const many = Array.from({ length: 30_000 }, (_, i) => String(100_000 + Math.floor(i / 900)));
    expect(Math.max(...groupSizes(many))).toBeLessThanOrEqual(10_000);
    expect(groupSizes([])).toEqual([]);
  });

  it("[C2] puts neighbours together only, so that no range lies within another's", () => {
    const rows = (...sizes: number[]): { rows: number; textBytes: number }[] =>
      sizes.map((rows) => ({ rows, textBytes: rows * 100 }));
    expect(filesToCompact(rows(1, 1, 1))).toEqual([]);
    expect(filesToCompact(rows(1, 2, 3, 4, 5))).toEqual(rows(1, 2, 3, 4, 5));
    expect(filesToCompact(rows(1, 2, 40_000, 4, 5, 6, 7))).toEqual(rows(4, 5, 6, 7));
    expect(filesToCompact(rows(1, 2, 40_000, 4, 5))).toEqual([]);
    const wide = Array.from({ length: 9 }, () => ({ rows: 100, textBytes: 1_500_000 }));
    expect(filesToCompact(wide)).toHaveLength(5);
    expect(filesToCompact(rows(20_000, 10, 10, 20_000, 10_001, 1, 1, 1))).toEqual(
      rows(20_000, 10, 10, 20_000),
    );
  });
});
