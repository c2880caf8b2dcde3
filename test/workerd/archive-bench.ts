import { env } from "cloudflare:workers";
import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { type ArchiveBucket, bucketOf } from "../../durable-objects/archive/archive-bucket.ts";
import { PartitionArchive } from "../../durable-objects/archive/archive-partition.ts";
import { parseArchivePath } from "../../durable-objects/archive/archive-path.ts";
import { EventRows } from "../../durable-objects/archive/event-rows.ts";
import { readRows } from "../../durable-objects/archive/read-rows.ts";
import type { LogSource, StoredRecord } from "../../durable-objects/log/event-log.ts";
import { ArchiveStore } from "../../durable-objects/storage/archive-store.ts";

/** The bucket of `wrangler.toml`. */
export const r2 = env.ARCHIVE as R2Bucket;

/** When the records of these tests arrived: long ago, so that a cut is due. */
export const ARRIVED_MS = Date.UTC(2026, 10, 5, 12);
const EVERY_MS = 60_000;

/** Thrown in the place of a crash. */
export class Crash extends Error {}

/** A partition number of a test's own: the bucket is shared. */
let partitions = 1_000;

/** The archive of one partition over a log in memory, in an object of its own, that can be made to crash. */
export class ArchiveBench {
  readonly partition = partitions++;
  readonly records: StoredRecord[] = [];
  /** Operations on the bucket, all lives together. */
  readonly operations: string[] = [];
  /** The operation, counted from the next one, at which the next life ends: before it is done, or after. */
  crashAt = Number.POSITIVE_INFINITY;
  crashAfter = false;
  nowMs = ARRIVED_MS + EVERY_MS;
  readonly #object = env.TEST_OBJECT.getByName(`archive-${this.partition}`);
  readonly #written = new Map<string, string>();

  /** Appends a record of events given as `[name, ts]`. */
  append(key: string, events: [name: string, ts: number][], project = "shop"): void {
    const lines = events.map(([name, ts]) => JSON.stringify({ name, ts }));
    const headers = { project, count: events.length, receivedAtMs: ARRIVED_MS, schemaVersion: 1 };
    const value = new TextEncoder().encode(lines.join("\n"));
    this.records.push({ offset: this.records.length, key, headers, value });
  }

  /** Runs `work` in a new life of the object. A crash ends that life. True: it came to its end. */
  async live(work: (archive: PartitionArchive, store: ArchiveStore) => Promise<unknown>): Promise<boolean> {
    const ended = await runInDurableObject(this.#object, async (_, { storage }) => {
      const store = new ArchiveStore(storage, this.partition);
      const bucket = this.#bucket();
      const parts = { store, source: this.#source(), bucket, everyMs: EVERY_MS, dedupWindowMs: 3_600_000 };
      try {
        await work(new PartitionArchive(parts), store);
        return true;
      } catch (error) {
        if (error instanceof Crash) return false;
        throw error;
      }
    });
    await evictDurableObject(this.#object);
    return ended;
  }

  /** Cuts all there is. */
  cutAll(): Promise<boolean> {
    return this.live(async (archive) => {
      while (await archive.cut(this.nowMs));
    });
  }

  /** Every object of this partition that is in the bucket. */
  async objects(): Promise<string[]> {
    const { objects } = await r2.list({ prefix: "events/" });
    return objects.map(({ key }) => key).filter((key) => parseArchivePath(key)?.partition === this.partition);
  }

  /** What the catalogue says: files and the events in them as `batch.line name`. */
  async archived(): Promise<{ paths: string[]; ranges: [from: number, to: number][]; events: string[] }> {
    const paths: string[] = [];
    const ranges: [number, number][] = [];
    await this.live(async (_, store) => {
      for (const project of ["shop", "other"]) {
        for (const file of store.files(project, 0, 8.64e15)) paths.push(store.pathOf(file));
      }
      for (const { from, to } of store.ranges()) ranges.push([from, to]);
    });
    const rows = new EventRows();
    for (const path of paths) {
      const body = await (await r2.get(path))?.arrayBuffer();
      if (body === undefined) throw new Error(`${path} is in the catalogue but not in the bucket`);
      await readRows(body, rows);
    }
    const events = rows.batch.map((batch, row) => `${batch}.${rows.line[row]} ${rows.name[row]}`);
    return { paths, ranges, events: events.sort() };
  }

  /** The events that are to be archived: those of each batch's first copy. */
  expected(): string[] {
    const seen = new Set<string>();
    const events: string[] = [];
    for (const { offset, key, headers, value } of this.records) {
      const id = `${headers.project} ${key}`;
      if (seen.has(id)) continue;
      seen.add(id);
      const lines = new TextDecoder().decode(value).split("\n");
      for (const [line, text] of lines.entries()) {
        events.push(`${offset}.${line} ${(JSON.parse(text) as { name: string }).name}`);
      }
    }
    return events.sort();
  }

  #source(): LogSource {
    const endOffset = this.records.length;
    return {
      read: async (from) => {
        const records = this.records.slice(Number(from), Number(from) + 3);
        return { records, nextOffset: Number(from) + records.length, endOffset };
      },
      commit: async () => undefined,
      close: async () => undefined,
    };
  }

  #bucket(): ArchiveBucket {
    const bucket = bucketOf(r2);
    let left = this.crashAt;
    this.crashAt = Number.POSITIVE_INFINITY;
    const crashing = async <T>(operation: string, work: () => Promise<T>): Promise<T> => {
      this.operations.push(operation);
      const crash = left-- === 0;
      if (crash && !this.crashAfter) throw new Crash();
      const result = await work();
      if (crash) throw new Crash();
      return result;
    };
    return {
      put: (path, body) => {
        this.#sameAsBefore(path, body);
        return crashing(`put ${path}`, () => bucket.put(path, body));
      },
      get: (path, range) => crashing(`get ${path}`, () => bucket.get(path, range)),
      delete: (paths) => crashing(`delete ${paths.length}`, () => bucket.delete(paths)),
    };
  }

  /** A name stands for one content: a retry writes the same file. */
  #sameAsBefore(path: string, body: Uint8Array): void {
    const text = Array.from(body, (byte) => byte.toString(16)).join(" ");
    const before = this.#written.get(path);
    if (before !== undefined && before !== text) throw new Error(`${path} was written with other contents`);
    this.#written.set(path, text);
  }
}
