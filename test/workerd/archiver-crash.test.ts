import { describe, expect, it } from "vitest";
import { ARRIVED_MS, ArchiveBench, r2 } from "./archive-bench.ts";

const HOUR = 3_600_000;

/** A log whose cut has files of two projects and of three hours, with a repeat and a late event. */
function filled(): ArchiveBench {
  const bench = new ArchiveBench();
  bench.append("a", [
    ["click", ARRIVED_MS - 10],
    ["view", ARRIVED_MS - 2 * HOUR],
    ["view", ARRIVED_MS - 5],
  ]);
  bench.append("b", [["click", ARRIVED_MS - 9]], "other");
  bench.append("a", [
    ["click", ARRIVED_MS - 10],
    ["view", ARRIVED_MS - 2 * HOUR],
    ["view", ARRIVED_MS - 5],
  ]);
  bench.append("c", [["late", ARRIVED_MS - 48 * HOUR]]);
  return bench;
}

describe("[C2] cuts and crashes", () => {
  it("[C2] every event is in exactly one file, and the ranges have no gap", async () => {
    const bench = filled();
    await bench.cutAll();
    const { paths, ranges, events } = await bench.archived();
    expect(events).toEqual(bench.expected());
    expect(ranges).toEqual([[0, 3]]);
    expect(paths).toHaveLength(4);
    expect(await bench.objects()).toEqual(paths.sort());
  });

  const points = [0, 1, 2, 3].flatMap((at) => [false, true].map((after) => ({ at, after })));
  it.each(points)(
    "[C2][C1] a crash at write $at (after it: $after) repeats just that cut",
    async ({ at, after }) => {
      const bench = filled();
      Object.assign(bench, { crashAt: at, crashAfter: after });
      expect(await bench.cutAll()).toBe(false);
      expect((await bench.archived()).ranges).toEqual([]);
      // What comes in the meantime belongs to the next cut.
      bench.append("d", [["click", ARRIVED_MS - 1]]);
      bench.nowMs += 1_000;
      expect(await bench.cutAll()).toBe(true);
      const { paths, ranges, events } = await bench.archived();
      expect(events).toEqual(bench.expected());
      expect(ranges).toEqual([[0, 4]]);
      expect(paths.filter((path) => path.endsWith("-0-3.parquet"))).toHaveLength(4);
      expect(paths.filter((path) => path.endsWith("-4-4.parquet"))).toHaveLength(1);
      expect(await bench.objects()).toEqual(paths.sort());
    },
  );

  it("[C2] a repeat is left out in a later life, too", async () => {
    const bench = filled();
    await bench.cutAll();
    bench.append("c", [["late", ARRIVED_MS - 48 * HOUR]]);
    bench.append("e", [["click", ARRIVED_MS]]);
    await bench.cutAll();
    expect((await bench.archived()).events).toEqual(bench.expected());
    expect((await bench.archived()).ranges).toEqual([[0, 5]]);
  });

  it("[C2] a cut of nothing but repeats moves on without a file", async () => {
    const bench = filled();
    await bench.cutAll();
    bench.append("a", [["click", ARRIVED_MS]]);
    await bench.cutAll();
    const { paths, ranges } = await bench.archived();
    expect([paths.length, ranges]).toEqual([4, [[0, 4]]]);
  });

  it("[C1] what is not due yet waits, and is read again when it is", async () => {
    const bench = filled();
    bench.nowMs = ARRIVED_MS + 1_000;
    await bench.cutAll();
    expect(await bench.objects()).toEqual([]);
    await bench.live(async (_, store) => {
      expect(store.progress).toMatchObject({ waitingSinceMs: ARRIVED_MS, cutDueMs: ARRIVED_MS + 60_000 });
    });
    bench.nowMs = ARRIVED_MS + 60_000;
    await bench.cutAll();
    expect((await bench.archived()).events).toEqual(bench.expected());
    await bench.live(async (_, store) => expect(store.progress.cutDueMs).toBeUndefined());
  });

  it("[C1] an hour for each event: as many files, and a crash among them goes on where it was", async () => {
    const bench = new ArchiveBench();
    bench.append(
      "wide",
      Array.from({ length: 150 }, (_, i) => ["e", ARRIVED_MS - i * HOUR]),
    );
    Object.assign(bench, { crashAt: 140 });
    await bench.cutAll();
    bench.operations.length = 0;
    await bench.cutAll();
    expect(bench.operations).toHaveLength(150 - 128);
    expect((await bench.archived()).events).toEqual(bench.expected());
  });
});

/** Five cuts of one hour, the hour over and quiet. */
async function toCompact(): Promise<ArchiveBench> {
  const bench = new ArchiveBench();
  for (let cut = 0; cut < 5; cut++) {
    bench.append(`k${cut}`, [
      ["click", ARRIVED_MS - HOUR + cut],
      ["view", ARRIVED_MS - HOUR + cut],
    ]);
    await bench.cutAll();
  }
  bench.nowMs += HOUR;
  return bench;
}

const compactAll = (bench: ArchiveBench): Promise<boolean> =>
  bench.live(async (archive) => {
    while (await archive.compact(bench.nowMs));
    await archive.collect(bench.nowMs);
  });

describe("[C2] compaction and crashes", () => {
  it("[C2] puts the small files of an hour together; the old ones go when nobody reads them any more", async () => {
    const bench = await toCompact();
    await compactAll(bench);
    const { paths, events } = await bench.archived();
    expect(paths.map((path) => path.slice(path.lastIndexOf("/") + 1))).toEqual([
      `p${bench.partition}-0-4.parquet`,
    ]);
    expect(events).toEqual(bench.expected());
    expect(await bench.objects()).toHaveLength(6);
    bench.nowMs += HOUR;
    await compactAll(bench);
    expect(await bench.objects()).toEqual(paths);
    await bench.live(async (_, store) => expect(store.choresDueMs()).toBeUndefined());
  });

  // Five reads, a write, and later a deletion.
  const points = [0, 1, 2, 3, 4, 5, 6].flatMap((at) => [false, true].map((after) => ({ at, after })));
  it.each(points)(
    "[C2] a crash at operation $at (after it: $after) loses and doubles nothing",
    async ({ at, after }) => {
      const bench = await toCompact();
      const objects = at < 6 ? bench.objects() : undefined;
      if (at === 6) {
        await compactAll(bench);
        bench.nowMs += HOUR;
      }
      Object.assign(bench, { crashAt: at === 6 ? 0 : at, crashAfter: after });
      expect(await compactAll(bench)).toBe(false);
      expect((await bench.archived()).events).toEqual(bench.expected());
      expect((await objects) ?? []).toHaveLength(at < 6 ? 5 : 0);
      // A file that comes in between is left to the next compaction: what was begun is repeated.
      bench.append("late", [["click", ARRIVED_MS - HOUR]]);
      await bench.cutAll();
      expect(await compactAll(bench)).toBe(true);
      expect((await bench.archived()).events).toEqual(bench.expected());
      bench.nowMs += 2 * HOUR;
      await compactAll(bench);
      const { paths, events, ranges } = await bench.archived();
      expect(paths.map((path) => path.slice(path.lastIndexOf("-")))).toEqual(["-4.parquet", "-5.parquet"]);
      expect(events).toEqual(bench.expected());
      expect(ranges).toEqual([[0, 5]]);
      expect(await bench.objects()).toEqual(paths.sort());
    },
  );

  it("[C1] files that the bucket's own rules have deleted are let be", async () => {
    const bench = await toCompact();
    const [first = ""] = await bench.objects();
    await r2.delete(first);
    expect(await compactAll(bench)).toBe(true);
    expect(await bench.objects()).toHaveLength(4);
  });
});
