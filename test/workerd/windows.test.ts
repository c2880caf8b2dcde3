import { env } from "cloudflare:workers";
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { partitionOf } from "../../durable-objects/engine/hash.ts";
import { settingsOf } from "../../durable-objects/env.ts";
import type { MetricSource } from "../../protocol/metric.ts";
import { TestProject } from "./project.ts";

const CLICKS = {
  name: "clicks",
  event: "click",
  aggregate: "count",
  window: { type: "tumbling", size: "1s" },
  delay: "0s",
  lateness: "0s",
} satisfies MetricSource;

const clicks = (count: number, ts = Date.now()) =>
  Array.from({ length: count }, () => ({ name: "click", ts }));

describe("from HTTP to windows", () => {
  it("[M1] events sent after the answer to a PUT are folded by it", async () => {
    const project = await TestProject.with(CLICKS);
    for (let i = 1; i <= 5; i++) {
      await env.CATALOG.getByName("catalog").putMetric(project.name, { ...CLICKS, name: `m${i}` });
      await project.post(clicks(i));
      expect(await project.sumWhen(`m${i}`, i)).toBe(i);
    }
  });

  it("[I3] a batch that comes again changes no number, also when the batcher has forgotten it", async () => {
    const project = await TestProject.with(CLICKS);
    for (let copy = 0; copy < 3; copy++) {
      expect((await project.post(clicks(7), "the-same")).status).toBe(202);
      for (const name of await env.CATALOG.getByName("catalog").batchers()) {
        const batcher = env.BATCHER.getByName(name);
        await batcher.stats();
        await evictDurableObject(batcher);
      }
    }
    await project.post(clicks(1), "another");
    expect(await project.sumWhen("clicks", 8)).toBe(8);
    await scheduler.wait(300);
    expect(await project.sumWhen("clicks", 8)).toBe(8);
    // A batcher is not evicted while it waits to store its counters.
  }, 30_000);
});

describe("a reader", () => {
  it("[W6] makes one range of the batches that come within a moment", async () => {
    const project = await TestProject.with(CLICKS);
    const ids = Array.from({ length: 400 }, (_, i) => `batch-${i}`);
    const alike = ids.filter((id) => partitionOf(project.name, id, settingsOf(env).partitions) === 0);
    await project.post(clicks(1), alike.pop());
    await project.sumWhen("clicks", 1);
    const window = env.METRIC_WINDOW.getByName(project.name);
    const ranges = () =>
      runInDurableObject(window, (_, { storage }) => {
        const sql = `SELECT count(*) AS n FROM journal WHERE body LIKE '{"type":"range"%'`;
        return storage.sql.exec<{ n: number }>(sql).one().n;
      });
    const before = await ranges();
    const startMs = Date.now();
    for (const id of alike.slice(0, 40)) await project.post(clicks(1), id);
    expect(await project.sumWhen("clicks", 41)).toBe(41);
    const elapsedMs = Date.now() - startMs;
    expect((await ranges()) - before).toBeLessThanOrEqual(2 + elapsedMs / 20);
  });
});

describe("a window object", () => {
  it("[W6] is after an eviction what it was before, journal and all", async () => {
    const project = await TestProject.with(CLICKS, { ...CLICKS, name: "slow", lateness: "1h" });
    const window = env.METRIC_WINDOW.getByName(project.name);
    for (let round = 1; round <= 5; round++) {
      await project.post(clicks(3));
      await project.sumWhen("slow", 3 * round);
      const before = await project.query("slow");
      await evictDurableObject(window);
      expect((await project.query("slow")).series).toEqual(before.series);
    }
  });

  it("[W6] is the same from a checkpoint as from the journal", async () => {
    const project = await TestProject.with({ ...CLICKS, lateness: "1h" });
    const window = env.METRIC_WINDOW.getByName(project.name);
    for (let batch = 0; batch < 300; batch++) {
      const partial = {
        partition: 0,
        after: batch - 1,
        from: batch,
        to: batch,
        version: 1,
        maxTs: 1e12 + 6_000,
        oldestReceivedMs: 0,
        events: 1,
      };
      const metrics = [
        { name: "clicks", revision: 1, skipped: 0, panes: [[1e12 + (batch % 7) * 1_000, 1, [""], [1]]] },
      ];
      expect(await window.appliedOffset(0)).toBe(batch - 1);
      expect(await window.apply(JSON.stringify({ ...partial, metrics }))).toBe(batch);
    }
    const rows = await runInDurableObject(window, (_, { storage }) => {
      return storage.sql
        .exec<{ n: number; seq: number }>("SELECT count(*) AS n, max(seq) AS seq FROM journal")
        .one();
    });
    expect(rows.seq).toBeGreaterThanOrEqual(300);
    expect(rows.n).toBeLessThanOrEqual(128);
    await evictDurableObject(window);
    expect(await window.appliedOffset(0)).toBe(299);
    const { series } = await project.query("clicks", `&from=1000000000000&to=${1e12 + 60_000}`);
    expect(series[0]?.v.reduce<number>((sum, v) => sum + (v ?? 0), 0)).toBe(300);
  });

  it("[M2] refuses a range that does not begin where the last one ended, and says where that was", async () => {
    const project = await TestProject.with(CLICKS);
    const window = env.METRIC_WINDOW.getByName(project.name);
    const range = (after: number, to: number) =>
      JSON.stringify({
        partition: 2,
        after,
        from: after + 1,
        to,
        version: 1,
        maxTs: 1,
        oldestReceivedMs: 0,
        events: 0,
        metrics: [],
      });
    expect(await window.apply(range(-1, 9))).toBe(9);
    expect(await window.apply(range(-1, 9))).toBe(9);
    expect(await window.apply(range(5, 20))).toBe(9);
    expect(await window.apply(range(9, 20))).toBe(20);
  });

  it("[W3] closes its windows by the alarm when nothing comes any more", async () => {
    const project = await TestProject.with(CLICKS);
    const window = env.METRIC_WINDOW.getByName(project.name);
    const ts = Date.now() - 60_000;
    await project.post(clicks(2, ts));
    await project.sumWhen("clicks", 2);
    // Its events came more than 5 s ago, as far as this object knows.
    await runInDurableObject(window, (_, { storage }) => {
      storage.sql.exec("UPDATE journal SET now_ms = now_ms - 10000");
    });
    await evictDurableObject(window);
    expect(await runDurableObjectAlarm(window)).toBe(true);
    const { series } = await project.query("clicks");
    expect(series[0]?.s).toEqual([3]);
  });
});

describe("a partition reader", () => {
  it("[W6] begins again at an older offset after a crash and counts nothing twice", async () => {
    const project = await TestProject.with(CLICKS);
    for (let round = 1; round <= 4; round++) {
      for (let i = 0; i < 6; i++) await project.post(clicks(2));
      await project.sumWhen("clicks", round * 12);
      for (let p = 0; p < 4; p++) {
        const reader = env.PARTITION_READER.getByName(String(p));
        // The cursor on disk is as old as a crash could leave it: nothing was ever saved.
        await runInDurableObject(reader, (_, { storage }) => {
          storage.sql.exec("DELETE FROM state");
          storage.sql.exec("DELETE FROM batch_ids");
        });
        await evictDurableObject(reader);
        await reader.wake();
      }
      expect(await project.sumWhen("clicks", round * 12)).toBe(round * 12);
    }
  });
});
