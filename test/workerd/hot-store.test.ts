import { runInDurableObject } from "cloudflare:test";
import { env, exports } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { compileMetric, type DefinedMetric } from "../../durable-objects/engine/compiled-metric.ts";
import type { HotSeries } from "../../durable-objects/engine/hot-series.ts";
import type { SealedPoint } from "../../durable-objects/engine/sealed-point.ts";
import { WindowSet } from "../../durable-objects/engine/window-set.ts";
import { HotSender } from "../../durable-objects/window/hot-sender.ts";
import { HotOutbox } from "../../durable-objects/storage/hot-outbox.ts";
import type { StoreLife } from "../../durable-objects/storage/hot-store-client.ts";
import type { WriteOutcome } from "../../durable-objects/storage/remote-write.ts";
import type { PointStore } from "../../durable-objects/storage/point-store.ts";
import { WindowStore } from "../../durable-objects/storage/window-store.ts";
import { parseMetric } from "../../protocol/metric.ts";
import { TestProject } from "./project.ts";

const SOURCE = { event: "e", aggregate: "count", window: { type: "tumbling", size: "1s" }, groupBy: ["g"] };

function defined(name: string, revision = 1, overrides: object = {}): DefinedMetric {
  const metric = parseMetric(name, { ...SOURCE, ...overrides });
  if (!metric.ok) throw new Error(metric.message);
  return { metric: metric.value, revision };
}

/** A store that keeps what it is sent, and fails as it is told. */
class FakeStore {
  readonly requests: HotSeries[][] = [];
  readonly kept = new Map<string, number>();
  /** Twice: how often the same sample was kept. */
  twice = 0;
  startedS: number | undefined = 1;
  outcome: (series: readonly HotSeries[]) => WriteOutcome = () => ({ type: "written" });

  life(): Promise<StoreLife> {
    return Promise.resolve({
      reached: true,
      ...(this.startedS === undefined ? {} : { startedS: this.startedS }),
    });
  }

  write(series: readonly HotSeries[]): Promise<WriteOutcome> {
    this.requests.push([...series]);
    const outcome = this.outcome(series);
    if (outcome.type === "written")
      for (const { labels, t } of series) for (const end of t) this.#keep(labels, end);
    return Promise.resolve(outcome);
  }

  #keep(labels: HotSeries["labels"], end: number): void {
    const key = `${JSON.stringify(labels)} ${end}`;
    if (this.kept.has(key)) this.twice++;
    this.kept.set(key, end);
  }
}

/** An outbox on the disk of an object of its own, its rows written as a window object writes them. */
class Desk {
  readonly store = new FakeStore();
  readonly storage: DurableObjectStorage;
  readonly points: PointStore;
  metrics: DefinedMetric[] = [defined("m")];
  sender: HotSender;
  wokenBy: number[] = [];
  #running: Promise<void> = Promise.resolve();

  constructor(storage: DurableObjectStorage) {
    this.storage = storage;
    const store = new WindowStore(storage);
    store.load("p", { partitions: 1, idlePartitionMs: 1_000 });
    this.points = store.points;
    this.sender = this.open();
  }

  open(): HotSender {
    const set = new WindowSet({ partitions: 1, idlePartitionMs: 1_000 });
    set.define(this.metrics);
    this.sender = new HotSender({
      objectName: "p",
      outbox: new HotOutbox(this.storage, this.points),
      client: this.store,
      definedOf: (name) => this.metrics.find(({ metric }) => metric.name === name),
      keepAlive: (task) => {
        this.#running = task;
      },
      wakeBy: (dueMs) => void this.wokenBy.push(dueMs),
    });
    return this.sender;
  }

  /** Points with ends of `from` to `to` seconds, one group each. */
  add(from: number, to: number, metric = "m"): void {
    const points = Array.from({ length: to - from + 1 }, (_, i): SealedPoint => [
      (from + i) * 1_000,
      "a",
      from + i,
      0,
    ]);
    this.points.add(metric, points);
  }

  async run(nowMs = Number.MAX_SAFE_INTEGER): Promise<void> {
    this.sender.added(Date.now());
    this.sender.nudge(nowMs);
    await this.#running;
  }
}

function atDesk(test: (desk: Desk) => Promise<void>): Promise<void> {
  const object = env.TEST_OBJECT.getByName(crypto.randomUUID());
  return runInDurableObject(object, (_, { storage }) => test(new Desk(storage)));
}

describe("[S1] the outbox of a window object", () => {
  it("[S1] sends every point once, in order, in batches", () =>
    atDesk(async (desk) => {
      for (let row = 0; row < 5; row++) desk.add(row * 1_000 + 1, row * 1_000 + 1_000);
      await desk.run();
      expect(desk.store.kept.size).toBe(5_000);
      expect(desk.store.twice).toBe(0);
      expect([...desk.store.kept.values()]).toEqual([...desk.store.kept.values()].sort((a, b) => a - b));
      expect(desk.store.requests).toHaveLength(3);
      expect(desk.sender.stats()).toMatchObject({
        sentPoints: 5_000,
        waitingPoints: 0,
        dropped: {},
        retries: {},
      });
    }));

  it("[S1] goes on after a restart where it was", () =>
    atDesk(async (desk) => {
      desk.add(1, 3_000);
      let requests = 0;
      desk.store.outcome = () =>
        ++requests === 2 ? { type: "failed", reason: "status_500", retryAfterMs: 0 } : { type: "written" };
      await desk.run();
      expect(desk.store.kept.size).toBe(2_000);
      desk.open();
      await desk.run();
      expect(desk.store.kept.size).toBe(3_000);
      expect(desk.store.twice).toBe(0);
      expect(desk.sender.stats()).toMatchObject({ sentPoints: 3_000, retries: { status_500: 1 } });
    }));

  it("[S1] waits as long as it is told, and does nothing before", () =>
    atDesk(async (desk) => {
      desk.add(1, 1);
      desk.store.outcome = () => ({ type: "failed", reason: "status_429", retryAfterMs: 90_000 });
      const beganMs = Date.now();
      await desk.run();
      expect(desk.sender.dueMs).toBeGreaterThanOrEqual(beganMs + 90_000);
      expect(desk.wokenBy).toEqual([desk.sender.dueMs]);
      desk.sender.added(beganMs);
      await desk.run(beganMs + 80_000);
      expect(desk.store.requests).toHaveLength(1);
    }));

  it("[S1] drops of a refused batch only what is refused, and counts it", () =>
    atDesk(async (desk) => {
      desk.add(1, 2_000);
      desk.store.outcome = (series) =>
        series.some(({ t }) => t.includes(777_000))
          ? { type: "refused", reason: "status_400" }
          : { type: "written" };
      await desk.run();
      expect(desk.store.kept.size).toBe(1_999);
      expect(desk.sender.stats()).toMatchObject({
        sentPoints: 1_999,
        waitingPoints: 0,
        dropped: { status_400: 1 },
      });
      expect(desk.points.ledger.spans("m", "not_in_store")).toEqual([[999, 2_000_000]]);
    }));

  it("[S1] does not flood a store that refuses everything", () =>
    atDesk(async (desk) => {
      desk.add(1, 2_000);
      desk.store.outcome = () => ({ type: "refused", reason: "status_400" });
      await desk.run();
      expect(desk.store.requests.length).toBeLessThan(70);
      expect(desk.sender.stats()).toMatchObject({
        sentPoints: 0,
        waitingPoints: 0,
        dropped: { status_400: 2_000 },
      });
    }));

  it("[S1] repeats to a store that has started anew what it may have lost", () =>
    atDesk(async (desk) => {
      desk.add(1, 10);
      await desk.run();
      desk.store.kept.clear();
      desk.store.startedS = 2;
      await desk.run();
      expect(desk.store.kept.size).toBe(10);
      expect(desk.sender.stats()).toMatchObject({ sentPoints: 10, waitingPoints: 0 });
    }));

  it("[S1] takes a repetition that is refused as one that had arrived", () =>
    atDesk(async (desk) => {
      desk.add(1, 10);
      await desk.run();
      desk.store.startedS = 2;
      desk.store.outcome = (series) =>
        series.some(({ t }) => t.includes(1_000))
          ? { type: "refused", reason: "status_400" }
          : { type: "written" };
      desk.add(11, 20);
      await desk.run();
      expect(desk.store.kept.size).toBe(20);
      expect(desk.store.twice).toBe(0);
      expect(desk.sender.stats()).toMatchObject({ sentPoints: 20, dropped: {} });
    }));

  it("[S1] does not repeat for ever to several stores behind one address", () =>
    atDesk(async (desk) => {
      desk.add(1, 10);
      for (let i = 0; i < 20; i++) {
        desk.store.startedS = 1 + (i % 2);
        await desk.run();
      }
      expect(desk.store.requests.length).toBeLessThan(4);
    }));

  it("[S1] sends what a metric had sealed before it was redefined, and nothing of the other twice", () =>
    atDesk(async (desk) => {
      desk.add(1, 10);
      desk.points.end(defined("m"), desk.sender.passedRow);
      desk.sender.ended(defined("m"), 10_000);
      desk.metrics = [defined("m", 2, { aggregate: "sum(value)" })];
      desk.add(9, 15);
      desk.open();
      await desk.run();
      expect([...desk.store.kept.values()]).toEqual(Array.from({ length: 15 }, (_, i) => (i + 1) * 1_000));
      expect(desk.store.twice).toBe(0);
      expect(desk.sender.stats().dropped).toEqual({ superseded: 2 });
    }));

  it("[S1] counts what a full disk takes before it is out, and says which span the store lacks", () =>
    atDesk(async (desk) => {
      desk.add(1, 10);
      desk.add(11, 20);
      desk.sender.losing("last_end < ?", 10_001, "disk_full");
      desk.storage.sql.exec("DELETE FROM points WHERE last_end < ?", 10_001);
      await desk.run();
      expect(desk.store.kept.size).toBe(10);
      expect(desk.sender.stats()).toMatchObject({ sentPoints: 10, dropped: { disk_full: 10 } });
      expect(desk.points.ledger.spans("m", "not_in_store")).toEqual([[999, 10_000]]);
    }));

  it("[S1] a full disk loses the oldest points first, and counts those that wait", () =>
    atDesk(async (desk) => {
      for (let row = 0; row < 200; row++) desk.add(row * 1_000 + 1, row * 1_000 + 1_000);
      const half = desk.storage.sql.databaseSize / 2;
      desk.points.makeRoom(half, desk.sender.losing);
      expect(desk.storage.sql.databaseSize).toBeLessThanOrEqual(half);
      const { dropped, waitingPoints } = desk.sender.stats();
      expect(dropped["disk_full"]).toBeGreaterThan(64_000);
      expect(waitingPoints + (dropped["disk_full"] ?? 0)).toBe(200_000);
      await desk.run();
      expect(Math.max(...desk.store.kept.values())).toBe(200_000_000);
      expect(desk.store.kept.size).toBe(waitingPoints);
    }));

  it("[S1] of a ranking and of a percentile sends numbers", () =>
    atDesk(async (desk) => {
      const top = defined("top", 1, { aggregate: "topk(2, page)", groupBy: [] });
      const { aggregate } = compileMetric(top);
      const ranking = aggregate.create();
      for (const page of ["/", "/", "/a"]) ranking.add(page, 1);
      desk.metrics = [top];
      const point: SealedPoint = [1_000, "", ranking.encode(), 0];
      desk.points.add("top", [point]);
      await desk.run();
      expect(
        desk.store.requests[0]?.map(({ labels, v }) => [labels.find(([name]) => name === "page")?.[1], v]),
      ).toEqual([
        ["/", [2]],
        ["/a", [1]],
      ]);
    }));
});

describe("[S3] names", () => {
  it("[S3] two metrics cannot be one series", async () => {
    const project = await TestProject.with({
      ...SOURCE,
      name: "a.b",
      window: { type: "tumbling", size: "1s" },
    });
    const put = (name: string) =>
      exports.default.fetch(`http://freshet.test/v1/catalog/metrics/${name}`, {
        method: "PUT",
        headers: { "x-api-key": project.key("admin") },
        body: JSON.stringify(SOURCE),
      });
    const refused = await put("a-b");
    expect(refused.status).toBe(409);
    expect(await refused.json()).toEqual({
      error: "series_taken",
      message: "another metric is the Prometheus series a_b already; choose another name",
    });
    expect((await put("a.b")).status).toBe(200);
    expect((await put("a.c")).status).toBe(200);
  });
});
