import { env } from "cloudflare:workers";
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { PointCompactor } from "../../durable-objects/archive/point-compactor.ts";
import { encodePoints, type FilePoint } from "../../durable-objects/archive/point-file.ts";
import { pointPath } from "../../durable-objects/archive/point-path.ts";
import { readPointRows } from "../../durable-objects/archive/read-point-rows.ts";
import type { DefinedMetric } from "../../durable-objects/engine/compiled-metric.ts";
import { PointCatalog } from "../../durable-objects/storage/point-catalog.ts";
import { PointChores } from "../../durable-objects/storage/point-chores.ts";
import type { PointRow } from "../../durable-objects/storage/point-rows.ts";
import { type Metric, parseMetric } from "../../protocol/metric.ts";
import { Crash, CrashingBucket, r2 } from "./crashing-bucket.ts";

const HOUR = 3_600_000;
const DAY_MS = Date.UTC(2026, 10, 5);
/** The day is over, and settled. */
const LATER_MS = DAY_MS + 48 * HOUR;

function metricOf(): Metric {
  const source = { event: "e", aggregate: "count", window: { type: "tumbling", size: "1m" } };
  const parsed = parseMetric("m", source);
  if (!parsed.ok) throw new Error(parsed.message);
  return parsed.value;
}

const DEFINED: DefinedMetric = { metric: metricOf(), revision: 1 };

/** The row of an hour, from half past to half past: of two files. */
function rowOf(id: number): PointRow {
  const firstMs = DAY_MS + (id + 0.5) * HOUR;
  const points = Array.from({ length: 60 }, (_, i) => [firstMs + i * 60_000, "", id, 0]);
  return { id, metric: "m", stepMs: 0, body: JSON.stringify(points) };
}

let objects = 0;

/** What one window object has archived, in an object of its own, whose compactions can be made to crash. */
class PointBench extends CrashingBucket {
  readonly #name = `points-${objects++}/m/0.1`;
  readonly #object = env.TEST_OBJECT.getByName(this.#name);
  readonly #rows: PointRow[] = [];
  nowMs = LATER_MS;

  /** Archives one row more. */
  async add(): Promise<void> {
    const row = rowOf(this.#rows.length + 1);
    this.#rows.push(row);
    await runInDurableObject(this.#object, async (_, { storage }) => {
      const files = [];
      for (const { body, ...file } of encodePoints([row], () => DEFINED)) {
        const path = pointPath({ object: this.#name, from: row.id, to: row.id, ...file });
        await r2.put(path, body);
        files.push({ ...file, path, from: row.id, to: row.id, bytes: body.length });
      }
      new PointCatalog(storage).add(files, row.id, []);
      new PointChores(storage).noteDay(DAY_MS, this.nowMs);
    });
  }

  /** Runs compactions and deletions in a new life of the object. True: it came to its end. */
  async live(): Promise<boolean> {
    const ended = await runInDurableObject(this.#object, async (_, { storage }) => {
      const [catalog, chores] = [new PointCatalog(storage), new PointChores(storage)];
      const compactor = new PointCompactor({
        object: this.#name,
        storage,
        catalog,
        chores,
        bucket: this.open(),
      });
      try {
        while (await compactor.compact(this.nowMs));
        await compactor.collect(this.nowMs);
        return true;
      } catch (error) {
        if (error instanceof Crash) return false;
        throw error;
      }
    });
    await evictDurableObject(this.#object);
    return ended;
  }

  /** What the catalogue says: files, when there is more to do, and the points in the files as `seq end`. */
  async archived(): Promise<{ paths: string[]; dueMs: number | undefined; points: string[] }> {
    const { files, dueMs } = await runInDurableObject(this.#object, (_, { storage }) => {
      const { files: listed } = new PointCatalog(storage).listing("m", 1, 0, 0, LATER_MS);
      return { files: listed, dueMs: new PointChores(storage).dueMs };
    });
    const points: FilePoint[] = [];
    for (const { path, bytes } of files) {
      const body = await (await r2.get(path))?.arrayBuffer();
      if (body?.byteLength !== bytes) throw new Error(`${path} is in the catalogue but not so in the bucket`);
      await readPointRows(body, points, new Map());
    }
    return {
      paths: files.map(({ path }) => path),
      dueMs,
      points: points.map(({ seq, t }) => `${seq} ${t}`).sort(),
    };
  }

  expected(): string[] {
    const ends = ({ id, body }: PointRow) => (JSON.parse(body) as number[][]).map(([end]) => `${id} ${end}`);
    return this.#rows.flatMap(ends).sort();
  }

  async objects(): Promise<string[]> {
    const { objects: found } = await r2.list({ prefix: `points/project=${this.#name.split("/")[0]}/` });
    return found.map(({ key }) => key);
  }
}

async function filled(): Promise<PointBench> {
  const bench = new PointBench();
  for (let row = 0; row < 4; row++) await bench.add();
  return bench;
}

describe("[C1] compaction of points and crashes", () => {
  it("[C1] puts the files of a day together; the old ones go when nobody reads them any more", async () => {
    const bench = await filled();
    expect((await bench.archived()).paths).toHaveLength(8);
    expect(await bench.live()).toBe(true);
    const { paths, points } = await bench.archived();
    expect(paths).toEqual([expect.stringMatching(/\/date=2026-11-05\/hour=01\/m\.0\.1-1-4\.parquet$/)]);
    expect(points).toEqual(bench.expected());
    expect(await bench.objects()).toHaveLength(9);
    bench.nowMs += HOUR;
    await bench.live();
    expect(await bench.objects()).toEqual(paths);
    expect((await bench.archived()).dueMs).toBeUndefined();
  });

  // Eight reads, a write, and later a deletion.
  const crashes = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].flatMap((at) =>
    [false, true].map((after) => ({ at, after })),
  );
  it.each(crashes)(
    "[C1] a crash at operation $at (after it: $after) loses and doubles nothing",
    async ({ at, after }) => {
      const bench = await filled();
      if (at === 9) {
        await bench.live();
        bench.nowMs += HOUR;
      }
      Object.assign(bench, { crashAt: at === 9 ? 0 : at, crashAfter: after });
      expect(await bench.live()).toBe(false);
      expect((await bench.archived()).points).toEqual(bench.expected());
      // A file that comes in between is left to the next compaction: what was begun is repeated.
      await bench.add();
      expect(await bench.live()).toBe(true);
      expect((await bench.archived()).points).toEqual(bench.expected());
      bench.nowMs += HOUR;
      await bench.live();
      const { paths, dueMs, points } = await bench.archived();
      expect(paths.map((path) => path.slice(path.lastIndexOf("/")))).toEqual(
        ["-1-4", "-5-5", "-5-5"].map((rows) => `/m.0.1${rows}.parquet`),
      );
      expect(points).toEqual(bench.expected());
      expect([await bench.objects(), dueMs]).toEqual([paths.sort(), undefined]);
    },
  );

  it("[C1] files that the bucket's own rules have deleted are let be", async () => {
    const bench = await filled();
    const [first = ""] = await bench.objects();
    await r2.delete(first);
    expect(await bench.live()).toBe(true);
    bench.nowMs += HOUR;
    await bench.live();
    expect(await bench.objects()).toHaveLength(7);
  });
});

describe("[C1] a point archiver", () => {
  it("[C1] puts a day's files together by its alarm, after an eviction too", async () => {
    const object = `points-${objects++}`;
    const archiver = env.POINT_ARCHIVER.getByName(object);
    for (let id = 1; id <= 4; id++) {
      const batch = { from: id, to: id, rows: [rowOf(id)], recomputed: [], definitions: { m: DEFINED } };
      expect(await archiver.archive(JSON.stringify(batch))).toBe(id);
    }
    const question = { metric: "m", revision: 1, stepMs: 0, afterMs: 0, untilMs: LATER_MS };
    const before = await archiver.listing(question);
    const due = (table: string) =>
      runInDurableObject(
        archiver,
        (_, { storage }) => storage.sql.exec(`UPDATE ${table} SET due_ms = 0`).rowsWritten,
      );
    // It is not due for three hours.
    await runDurableObjectAlarm(archiver);
    expect(await archiver.listing(question)).toEqual(before);
    expect(await due("point_days")).toBe(1);
    await evictDurableObject(archiver);
    await runDurableObjectAlarm(archiver);
    const after = await archiver.listing(question);
    expect([before.files.length, after.files.length]).toEqual([8, 1]);
    expect(await archiver.stats()).toMatchObject({ files: 8, points: 240, compactions: 1 });
    const keys = async () =>
      (await r2.list({ prefix: `points/project=${object}/` })).objects.map(({ key }) => key);
    expect(await keys()).toHaveLength(9);
    expect(await due("point_garbage")).toBe(8);
    await runDurableObjectAlarm(archiver);
    expect(await keys()).toEqual(after.files.map(({ path }) => path));
    expect(await runInDurableObject(archiver, (_, { storage }) => storage.getAlarm())).toBeNull();
  });
});
