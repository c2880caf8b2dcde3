import { describe, expect, it } from "vitest";
import { MemoryBucket } from "../../test/helpers/memory-bucket.ts";
import { SimulatedStorage } from "../../test/simulation/simulated-storage.ts";
import { type Metric, parseMetric } from "../../protocol/metric.ts";
import type { Replacement } from "../backfill/replacement.ts";
import type { SealedPoint } from "../engine/sealed-point.ts";
import { WindowSet } from "../engine/window-set.ts";
import { PointArchiver } from "../point-archiver.ts";
import { PointKeeper } from "./point-keeper.ts";
import { parseSettings } from "../settings.ts";
import { PointStore } from "../storage/point-store.ts";

const STRETCH_MS = 900_000;
/** Windows that end in the first stretch after this. */
const AFTER_MS = 2_000 * STRETCH_MS;

function metric(): Metric {
  const source = { event: "e", aggregate: "count", window: { type: "tumbling", size: "1s" }, lateness: "0s" };
  const parsed = parseMetric("m", source);
  if (!parsed.ok) throw new Error(parsed.message);
  return parsed.value;
}

function points(value: number, ...seconds: number[]): SealedPoint[] {
  return seconds.map((second) => [AFTER_MS + second * 1_000, "", value, 0]);
}

function replacement(value: number, ...seconds: number[]): Replacement {
  const span = { afterMs: AFTER_MS, untilMs: AFTER_MS + STRETCH_MS };
  return { metric: "m", revision: 1, ...span, points: points(value, ...seconds) };
}

/** The points of one window object on their way to a hot store and an archive, which may be away. */
class Desk {
  readonly storage = new SimulatedStorage();
  readonly store = new PointStore(this.storage as never);
  readonly set = new WindowSet({ partitions: 1, idlePartitionMs: 1_000 });
  readonly hot = { passedRow: Number.MAX_SAFE_INTEGER, nudged: 0 };
  /** What happens to calls of the archiver: its answer may be lost. */
  archive: "away" | "unanswered" | "there" = "there";
  readonly archiver = new PointArchiver(
    { id: { name: "p" }, storage: new SimulatedStorage() } as never,
    { ARCHIVE: new MemoryBucket() } as never,
  );
  readonly keeper: PointKeeper;
  #tasks: Promise<void>[] = [];

  constructor() {
    this.set.define([{ metric: metric(), revision: 1 }]);
    this.set.step(
      { type: "caughtUp", partitions: [[0, AFTER_MS + 2 * STRETCH_MS]] },
      Number.MAX_SAFE_INTEGER,
    );
    const settings = parseSettings({});
    if (!settings.ok) throw new Error(settings.message);
    const hot = {
      nudge: () => this.hot.nudged++,
      losing: () => undefined,
      floorOf: () => 0,
    };
    Object.defineProperty(hot, "passedRow", { get: () => this.hot.passedRow });
    this.keeper = new PointKeeper({
      storage: this.storage as never,
      points: this.store,
      set: this.set,
      settings: settings.value,
      definitions: () => ({ version: 1, metrics: [{ metric: metric(), revision: 1 }], views: [] }),
      hot: hot as never,
      archiver: { archive: (text: string) => this.#archive(text) } as never,
      keepAlive: (task) => void this.#tasks.push(task),
      wakeBy: () => undefined,
    });
  }

  later(wanted: Replacement): string | undefined {
    const windows = this.set.metric("m");
    if (windows === undefined) throw new Error("there is no metric");
    return this.keeper.laterThan(windows, wanted);
  }

  keep(wanted?: Replacement): void {
    this.keeper.keep(this.store, AFTER_MS + 2 * STRETCH_MS, wanted);
  }

  async settle(): Promise<void> {
    this.keeper.nudge(Date.now() + 60_000, true);
    await Promise.all(this.#tasks.splice(0));
  }

  rows(): unknown[] {
    return this.storage.sql.exec("SELECT id, points, hot, cold FROM points ORDER BY id").toArray();
  }

  async #archive(text: string): Promise<number> {
    if (this.archive === "away") throw new Error("the archiver is away");
    const archivedTo = await this.archiver.archive(text);
    if (this.archive === "unanswered") throw new Error("the answer was lost");
    return archivedTo;
  }

  recomputed(): unknown {
    return this.archiver.listing({ metric: "m", revision: 1, stepMs: 0, afterMs: 0, untilMs: AFTER_MS * 2 })
      .recomputed;
  }
}

describe("[C4] points that are replaced", () => {
  it("[C4][S1] have to be out first: in the archive, and in the hot store for good", async () => {
    const desk = new Desk();
    desk.store.add("m", points(1, 1, 2));
    desk.hot.passedRow = 1;
    expect(desk.later(replacement(2, 1, 2))).toContain("have yet to reach the archive or the hot store");
    await desk.settle();
    expect(desk.hot.nudged).toBe(1);
    expect(desk.later(replacement(2, 1, 2))).toContain("have yet to reach");
    desk.hot.passedRow = 2;
    expect(desk.later(replacement(2, 1, 2))).toBeUndefined();
  });

  it("[C4][S1] go to the hot store only where it has none", async () => {
    const desk = new Desk();
    desk.store.add("m", points(1, 1, 2));
    await desk.settle();
    desk.keep(replacement(2, 1, 2, 3));
    expect(desk.rows()).toEqual([
      { id: 3, points: 1, hot: 1, cold: 1 },
      { id: 4, points: 2, hot: 0, cold: 1 },
    ]);
    expect([...desk.store.rows.read("m", AFTER_MS, AFTER_MS + STRETCH_MS)]).toEqual(points(2, 1, 2, 3));
  });

  it("[C4][C1] count in the archive from a row on that is older than the new ones, and newer than all others", async () => {
    const desk = new Desk();
    desk.store.add("m", points(1, 1, 2));
    await desk.settle();
    desk.keep(replacement(2, 1));
    desk.archive = "away";
    await desk.settle();
    expect(desk.recomputed()).toEqual([]);
    desk.archive = "unanswered";
    await desk.settle();
    desk.archive = "there";
    await desk.settle();
    const span = { afterMs: AFTER_MS, untilMs: AFTER_MS + STRETCH_MS };
    expect(desk.recomputed()).toEqual([{ ...span, before: 2 }]);
    expect(desk.archiver.stats().points).toBe(3);
    // The same once more, and then nothing at all.
    desk.keep(replacement(2, 1));
    await desk.settle();
    expect(desk.recomputed()).toEqual([{ ...span, before: 4 }]);
    desk.keep(replacement(2));
    await desk.settle();
    expect(desk.recomputed()).toEqual([{ ...span, before: 6 }]);
    expect(desk.keeper.dueMs).toBe(Number.POSITIVE_INFINITY);
  });

  it("[C4] are whole stretches, unless they are newer than all that is rolled up, and sealed", () => {
    const desk = new Desk();
    const wanted = replacement(1, 1);
    expect(desk.later({ ...wanted, afterMs: AFTER_MS + 1_000 })).toContain(
      "in other stretches, of 900000 ms",
    );
    expect(desk.later({ ...wanted, untilMs: AFTER_MS + 5_000 })).toBeUndefined();
    expect(desk.later({ ...wanted, untilMs: AFTER_MS + 3 * STRETCH_MS })).toContain("not sealed yet");
  });
});
