import { env } from "cloudflare:workers";
import { type ArchiveBucket, bucketOf } from "../../durable-objects/archive/archive-bucket.ts";

/** The bucket of `wrangler.toml`. */
export const r2 = env.ARCHIVE as R2Bucket;

/** Thrown in the place of a crash. */
export class Crash extends Error {}

/** What works with the bucket and can be made to crash. */
export class CrashingBucket {
  /** Operations on the bucket, all lives together. */
  readonly operations: string[] = [];
  /** The operation, counted from the next one, at which the next life ends: before it is done, or after. */
  crashAt = Number.POSITIVE_INFINITY;
  crashAfter = false;
  readonly #written = new Map<string, string>();

  /** The bucket of one life. */
  protected open(): ArchiveBucket {
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
