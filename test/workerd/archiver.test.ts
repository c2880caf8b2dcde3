import { env, exports } from "cloudflare:workers";
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { bucketOf } from "../../durable-objects/archive/archive-bucket.ts";
import { noCounts, readEvents } from "../../durable-objects/archive/read-events.ts";
import { Archiver } from "../../durable-objects/archiver.ts";
import type { Env } from "../../durable-objects/env.ts";
import { settingsOf } from "../../durable-objects/env.ts";
import { embeddedAppender } from "../../durable-objects/log/embedded.ts";
import { LogPartition } from "../../durable-objects/log-partition.ts";
import worker from "../../workers/edge.ts";
import { r2 } from "./archive-bench.ts";
import { TestProject } from "./project.ts";

const HOUR = 3_600_000;
const NOW = Date.now();
/** Long enough ago that a cut is due. */
const ARRIVED_MS = NOW - HOUR;
const appender = embeddedAppender((partition) => env.LOG_PARTITION.getByName(String(partition)));

type Line = { name: string; ts: number; value?: number; user?: string; props?: Record<string, string> };

async function append(
  partition: number,
  key: string,
  lines: Line[],
  receivedAtMs = ARRIVED_MS,
): Promise<void> {
  const value = new TextEncoder().encode(lines.map((line) => JSON.stringify(line)).join("\n"));
  const headers = { project: "shop", count: lines.length, receivedAtMs, schemaVersion: 1 };
  await appender.append(partition, [{ key, headers, value }]);
}

function archiverOf(partition: number): DurableObjectStub<Archiver> {
  return env.ARCHIVER.getByName(String(partition));
}

/** The archiver is told of an append after it: waits until it was. */
async function armed(partition: number): Promise<number> {
  for (let tries = 0; tries < 100; tries++) {
    const ms = await runInDurableObject(archiverOf(partition), (_, { storage }) => storage.getAlarm());
    if (ms !== null) return ms;
    await scheduler.wait(20);
  }
  throw new Error(`the archiver of partition ${partition} was not told`);
}

async function archive(partition: number): Promise<void> {
  await armed(partition);
  await runDurableObjectAlarm(archiverOf(partition));
}

async function archived(partition: number, fromMs = 0, toMs = NOW + HOUR): Promise<Line[]> {
  const { files } = await archiverOf(partition).files("shop", fromMs, toMs);
  const fields = ["value", "user", "props"] as const;
  const events: Line[] = [];
  const reading = readEvents(files, { fromMs, toMs, fields }, bucketOf(r2), noCounts());
  for await (const some of reading) events.push(...(some as Line[]));
  return events.sort((a, b) => a.ts - b.ts);
}

/** The bindings without some. */
function without(...names: (keyof Env)[]): Env {
  return Object.fromEntries(
    Object.entries(env).filter(([name]) => !names.includes(name as keyof Env)),
  ) as unknown as Env;
}

describe("[C1] archiver", () => {
  it("[C1][C2] what is appended is archived when its time has come, and read back the same", async () => {
    const lines: Line[] = [
      { name: "late", ts: ARRIVED_MS - 30 * HOUR, user: "u" },
      { name: "click", ts: ARRIVED_MS, value: 1.5, props: { campaign: "ü" } },
      { name: "click", ts: ARRIVED_MS + 1 },
    ];
    await append(10, "a", lines);
    await append(10, "a", lines);
    expect(await armed(10)).toBeGreaterThan(NOW);
    await archive(10);
    expect(await archived(10)).toEqual(lines);
    expect(await archived(10, ARRIVED_MS, ARRIVED_MS + 1)).toEqual([lines[1]]);
    expect(await archiverOf(10).ranges()).toEqual([{ from: 0, to: 1, cuts: 1, rows: 3 }]);
    expect(await archiverOf(10).stats()).toMatchObject({
      events: 3,
      duplicateEvents: 3,
      files: 2,
      nextOffset: 2,
    });
  });

  it("[C2] an evicted archiver goes on where it was, and knows what it has archived", async () => {
    await append(11, "a", [{ name: "e", ts: ARRIVED_MS }]);
    await archive(11);
    await evictDurableObject(archiverOf(11));
    await append(11, "a", [{ name: "e", ts: ARRIVED_MS }]);
    await append(11, "b", [{ name: "e", ts: ARRIVED_MS + 7 }]);
    await evictDurableObject(archiverOf(11)).catch(() => undefined);
    await archive(11);
    expect((await archived(11)).map(({ ts }) => ts)).toEqual([ARRIVED_MS, ARRIVED_MS + 7]);
    expect(await archiverOf(11).ranges()).toEqual([{ from: 0, to: 2, cuts: 2, rows: 2 }]);
  });

  it("[C1] what has just come waits; with nothing to archive there is no timer", async () => {
    expect(await archiverOf(12).kick(0)).toMatchObject({ nextOffset: 0, lastError: "" });
    expect(await runInDurableObject(archiverOf(12), (_, { storage }) => storage.getAlarm())).toBeNull();
    await append(12, "a", [{ name: "e", ts: NOW }], Date.now());
    await archive(12);
    expect(await archived(12)).toEqual([]);
    const alarmMs = await armed(12);
    expect(Math.abs(alarmMs - Date.now() - settingsOf(env).archiveEveryMs)).toBeLessThan(10_000);
    expect((await archiverOf(12).stats()).waitingSinceMs).toBeGreaterThanOrEqual(NOW);
  });

  it("[C1] a word that was lost is made good by the next kick", async () => {
    await append(13, "a", [{ name: "e", ts: ARRIVED_MS }]);
    await armed(13);
    await runInDurableObject(archiverOf(13), (_, { storage }) => storage.deleteAlarm());
    await archiverOf(13).kick(1);
    await archive(13);
    expect(await archived(13)).toHaveLength(1);
  });

  it("[C1] a bucket that fails: counted, told, tried again, nothing lost", async () => {
    await append(14, "a", [{ name: "e", ts: ARRIVED_MS }]);
    await armed(14);
    const failing = {
      ...without(),
      ARCHIVE: { put: () => Promise.reject(new Error("R2 is away")) } as unknown as R2Bucket,
    };
    await runInDurableObject(archiverOf(14), async (_, state) => {
      const archiver = new Archiver(state, failing);
      await archiver.alarm();
      await archiver.alarm();
      expect(archiver.stats()).toMatchObject({ retries: 2, lastError: "R2 is away", events: 0 });
      expect(await state.storage.getAlarm()).toBeLessThan(Date.now() + 61_000);
    });
    await evictDurableObject(archiverOf(14));
    await archive(14);
    expect(await archived(14)).toHaveLength(1);
    expect(await archiverOf(14).stats()).toMatchObject({ retries: 2, lastError: "" });
  });
});

describe("[C1] archiver with much to do", () => {
  it("[C1] goes on in a run of its own after so many cuts", async () => {
    const value = new TextEncoder().encode(JSON.stringify({ name: "e", ts: ARRIVED_MS }));
    const headers = { project: "shop", count: 50_000, receivedAtMs: ARRIVED_MS, schemaVersion: 1 };
    await appender.append(
      16,
      Array.from({ length: 20 }, (_, i) => ({ key: `k${i}`, headers, value })),
    );
    await archive(16);
    expect(await archiverOf(16).stats()).toMatchObject({ nextOffset: 16 });
    expect(await armed(16)).toBeLessThanOrEqual(Date.now() + 1_000);
    await archive(16);
    expect(await archiverOf(16).ranges()).toEqual([{ from: 0, to: 19, cuts: 20, rows: 20 }]);
  });

  it("[C2] puts the small files of an hour together when its alarm says so", async () => {
    const { files } = await archiverOf(16).files("shop", 0, NOW);
    expect(files).toHaveLength(20);
    await runInDurableObject(archiverOf(16), async (_, { storage }) => {
      storage.sql.exec("UPDATE hours SET due_ms = 0");
      await storage.setAlarm(Date.now() + HOUR);
    });
    for (let run = 0; run < 3; run++) await runDurableObjectAlarm(archiverOf(16));
    const after = await archiverOf(16).files("shop", 0, NOW);
    expect(after.files.map(({ from, to, rows }) => [from, to, rows])).toEqual([[0, 19, 20]]);
    expect(await archived(16)).toHaveLength(20);
    expect(await archiverOf(16).stats()).toMatchObject({ compactions: 1, files: 20, events: 20 });
  });
});

describe("[C1] the archive from outside", () => {
  it("[O5] /metrics and /healthz tell of it", async () => {
    const project = await TestProject.with();
    await project.post([{ name: "e" }, { name: "e" }]);
    const health: { archive: string; archiveLag: number } = await (
      await exports.default.fetch("http://freshet.test/healthz")
    ).json();
    expect(health.archive).toBe("r2");
    expect(health.archiveLag).toBeGreaterThanOrEqual(0);
    const text = await (await exports.default.fetch("http://freshet.test/metrics")).text();
    for (const name of ["events", "files", "bytes", "retries"]) {
      expect(text).toContain(`freshet_archive_${name}_total{partition="0"} 0`);
    }
    expect(text).toContain('freshet_archive_lag_records{partition="0"}');
    expect(text).toContain('freshet_archive_lag_seconds{partition="0"}');
  });

  it("[C1] without a bucket nothing is archived, nothing fails, and that is said", async () => {
    const bare = without("ARCHIVE");
    const call = async (path: string): Promise<Response> =>
      worker.fetch(new Request(`http://freshet.test${path}`), bare, {} as ExecutionContext);
    expect(await (await call("/healthz")).json()).toMatchObject({ status: "ok", archive: "none" });
    expect(await (await call("/metrics")).text()).not.toContain("freshet_archive");
    await append(15, "a", [{ name: "e", ts: ARRIVED_MS }]);
    await armed(15);
    await runInDurableObject(archiverOf(15), async (_, state) => {
      await state.storage.deleteAlarm();
      const archiver = new Archiver(state, bare);
      await archiver.wake();
      await archiver.alarm();
      expect(await archiver.kick(1)).toMatchObject({ nextOffset: 0, retries: 0 });
      expect(await state.storage.getAlarm()).toBeNull();
    });
  });
});

describe("[C2] the log's retention", () => {
  const DAY = 86_400_000;
  const late = (): number => Date.now() + settingsOf(env).logRetentionMs + 60_000;

  /** Records that a log holds after its retention, of two, in a log of its own. */
  async function held(name: string, bindings: Env, nowMs: number, archivedTo?: number): Promise<number> {
    const stub = env.LOG_PARTITION.getByName(name);
    return runInDurableObject(stub, async (_, state) => {
      const log = new LogPartition(state, bindings);
      const body = new Uint8Array(10);
      await log.append([{ count: 1, body }]);
      await log.append([{ count: 1, body }]);
      log.commit(2);
      if (archivedTo !== undefined) log.commit(archivedTo, "archiver");
      log.sweep(nowMs);
      const { earliestOffset, endOffset } = log.stats();
      return endOffset - earliestOffset;
    });
  }

  it("[C2] keeps what is not archived", async () => {
    expect(await held("hold-1", env, late())).toBe(2);
    expect(await held("hold-2", env, late(), 1)).toBe(1);
  });

  it("[C2] but for seven days more at most, and without an archive not at all", async () => {
    expect(await held("hold-3", env, late() + 6 * DAY)).toBe(2);
    expect(await held("hold-4", env, late() + 7 * DAY)).toBe(1);
    expect(await held("hold-5", without("ARCHIVE"), late())).toBe(1);
  });
});
