// A project's backfills in Node, over its window objects and an archive in memory, with a clock and crashes of the test's own.
import { vi } from "vitest";
import type { BackfillStatus } from "../../protocol/backfill.ts";
import type { Event } from "../../protocol/event.ts";
import type { Metric } from "../../protocol/metric.ts";
import { archivePath, hourOf } from "../../durable-objects/archive/archive-path.ts";
import { encodeEvents } from "../../durable-objects/archive/event-file.ts";
import { EventRows } from "../../durable-objects/archive/event-rows.ts";
import type { ExploreShare } from "../../durable-objects/archive/log-tail.ts";
import { Backfill } from "../../durable-objects/backfill.ts";
import type { Replacement } from "../../durable-objects/backfill/replacement.ts";
import type { Definitions } from "../../durable-objects/catalog/definitions.ts";
import { compileMetric } from "../../durable-objects/engine/compiled-metric.ts";
import { RangeFolder } from "../../durable-objects/engine/range-folder.ts";
import { SimulatedStorage } from "../simulation/simulated-storage.ts";
import { TierBench } from "./tier-bench.ts";

export const PROJECT = "p";

/** What a backfill does outside of itself. */
export type Operation = "definitions" | "sealing" | "explore" | "get" | "replace";

export class BackfillBench {
  readonly tiers: TierBench;
  definitions: Definitions;
  /** What it has done, all lives together. */
  readonly operations: Operation[] = [];
  /** Called before each operation: may throw, as whoever is away does. */
  before: (operation: Operation) => void = () => undefined;
  /** The operation at which the next life ends: before it is done, or after. */
  crashAt = Number.POSITIVE_INFINITY;
  crashAfter = false;
  readonly #files: (ExploreShare["files"][number] & { events: number })[] = [];
  #tail: Event[] = [];
  readonly #storage = new SimulatedStorage();
  #crashed: () => void = () => undefined;
  #backfill: Backfill;

  constructor(metrics: readonly Metric[]) {
    this.definitions = {
      version: 1,
      metrics: metrics.map((metric) => ({ metric, revision: 1 })),
      views: [],
    };
    this.tiers = new TierBench(this.definitions);
    this.#backfill = this.#open();
  }

  /** Puts events into the archive, some files for each hour; every seventh event stays in the log. */
  archive(events: readonly Event[]): void {
    const files = new Map<string, { hourMs: number; part: number; rows: EventRows }>();
    for (const [i, event] of events.entries()) {
      if (i % 7 === 0) {
        this.#tail.push(event);
        continue;
      }
      const [hourMs, part] = [hourOf(event.ts), i % 3];
      const file = files.get(`${hourMs} ${part}`) ?? { hourMs, part, rows: new EventRows() };
      files.set(`${hourMs} ${part}`, file);
      file.rows.add(event, i, 0);
    }
    for (const { hourMs, part, rows } of files.values()) {
      const { body, ...file } = encodeEvents(rows);
      const place = { project: PROJECT, hourMs, from: part * 1_000, to: part * 1_000 + 999 };
      const path = archivePath({ ...place, partition: 0 });
      void this.tiers.bucket.put(path, body);
      this.#files.push({ ...place, ...file, bytes: body.length, path, events: rows.length });
    }
  }

  /** The paths of the files of an hour. */
  pathsOf(hourMs: number): string[] {
    return this.#files.filter((file) => file.hourMs === hourMs).map(({ path }) => path);
  }

  async start(metric: string, request: { fromMs: number; toMs?: number }): Promise<BackfillStatus> {
    const outcome = await this.#backfill.start(metric, request);
    if (typeof outcome === "string") throw new Error(outcome);
    return outcome;
  }

  list(metric: string): BackfillStatus[] {
    return this.#backfill.list(metric);
  }

  cancel(metric: string, id: number): BackfillStatus | undefined {
    return this.#backfill.cancel(metric, id);
  }

  /** Lets alarms ring until all have come to an end, or `most` have rung, a second apart. */
  async run(most = 200): Promise<void> {
    for (let rung = 0; rung < most && this.#isActive(); rung++) {
      const crash = new Promise<void>((resolve) => (this.#crashed = resolve));
      await Promise.race([this.#backfill.alarm(), crash.then(() => this.#restart())]);
      await this.tiers.settle(Date.now());
      vi.setSystemTime(Date.now() + 1_000);
    }
  }

  #isActive(): boolean {
    const { metrics } = this.definitions;
    const names = new Set([...metrics, ...this.tiers.definitions.metrics].map(({ metric }) => metric.name));
    return [...names].some((name) =>
      this.list(name).some(({ state }) => state === "waiting" || state === "running"),
    );
  }

  /** Another life, with what was durable. */
  #restart(): void {
    this.#storage.rollBack();
    this.#backfill = this.#open();
  }

  #open(): Backfill {
    return new Backfill(
      { id: { name: PROJECT }, storage: this.#storage } as never,
      {
        PARTITIONS: "1",
        ARCHIVE: {
          get: (path: string, options: never) =>
            this.#operate("get", () => this.tiers.bucket.get(path, options)),
        },
        CATALOG: {
          getByName: () => ({
            definitions: () => this.#operate("definitions", async () => this.definitions),
          }),
        },
        METRIC_WINDOW: { getByName: (name: string) => this.#window(name) },
        ARCHIVER: {
          getByName: () => ({
            newestBefore: async () => null,
            explore: (_: string, metric: Metric, fromMs: number, toMs: number) =>
              this.#operate("explore", async () => this.#explore(metric, fromMs, toMs)),
          }),
        },
      } as never,
    );
  }

  #window(name: string) {
    const object = this.tiers.object(name);
    const isThere = (metric: string, revision: number): boolean => {
      return this.definitions.metrics.some(
        (defined) => defined.metric.name === metric && defined.revision === revision,
      );
    };
    return {
      sealing: (metric: string, revision: number) =>
        this.#operate("sealing", async () => {
          const windows = object.set.metric(metric);
          if (windows === undefined || !isThere(metric, revision)) return undefined;
          return JSON.stringify(object.keeper.sealing(windows));
        }),
      replacePoints: (text: string) =>
        this.#operate("replace", async () => {
          const replacement = JSON.parse(text) as Replacement;
          if (!isThere(replacement.metric, replacement.revision)) return { type: "ended" };
          return object.replacePoints(replacement, this.tiers.definitions, Date.now());
        }),
    };
  }

  async #operate<T>(operation: Operation, work: () => Promise<T>): Promise<T> {
    // Nothing leaves an object before what it has written is durable.
    this.#storage.commit();
    this.before(operation);
    this.operations.push(operation);
    const isCrash = this.operations.length - 1 === this.crashAt;
    if (isCrash && !this.crashAfter) return this.#crash();
    const result = await work();
    return isCrash ? this.#crash() : result;
  }

  /** Whoever waits for an answer waits for ever. */
  #crash<T>(): Promise<T> {
    this.#crashed();
    return new Promise(() => undefined);
  }

  #explore(metric: Metric, fromMs: number, toMs: number): string {
    const folder = new RangeFolder([compileMetric({ metric, revision: 0 })]);
    for (const event of this.#tail) if (event.ts >= fromMs && event.ts < toMs) folder.add(event);
    const files = this.#files.filter((file) => file.minTs < toMs && file.maxTs >= fromMs);
    return JSON.stringify({ files, tail: folder.finish().metrics } satisfies ExploreShare);
  }
}
