import type { PointCatalog } from "../storage/point-catalog.ts";
import type { PointChores, PointCompaction } from "../storage/point-chores.ts";
import type { ArchiveBucket } from "./archive-bucket.ts";
import { GARBAGE_AFTER_MS } from "./compaction.ts";
import { pointsToCompact } from "./point-compaction.ts";
import { encodeFile, type FilePoint } from "./point-file.ts";
import { pointPath } from "./point-path.ts";
import { readPointRows } from "./read-point-rows.ts";

interface PointCompactorOptions {
  /** Name of the window object. */
  object: string;
  storage: DurableObjectStorage;
  catalog: PointCatalog;
  chores: PointChores;
  bucket: ArchiveBucket;
}

const DELETE_MOST = 500;

/**
 * Puts the files of days that are over together. What is begun is on disk first, is repeated the same after a crash, and
 * takes the place of what it was made from in one transaction, when it is written.
 */
export class PointCompactor {
  readonly #options: PointCompactorOptions;

  constructor(options: PointCompactorOptions) {
    this.#options = options;
  }

  /**
   * Puts small files of one day together, when there are any to put together.
   *
   * @returns whether there may be more.
   */
  async compact(nowMs: number): Promise<boolean> {
    const { storage, catalog, chores } = this.#options;
    const plan = chores.plan() ?? this.#plan(nowMs);
    if (plan === undefined) return false;
    if (plan.inputs.length === 0) {
      chores.dayIsDone(plan.dayMs, nowMs);
      return true;
    }
    await chores.begin(plan);
    const file = await this.#write(plan);
    storage.transactionSync(() => {
      if (file === undefined) {
        // What may have been written of it is garbage.
        chores.end([plan.path], 0);
        chores.dayIsDone(plan.dayMs, nowMs);
        return;
      }
      const paths = plan.inputs.map(({ path }) => path);
      catalog.replace(paths, file);
      chores.end(paths, nowMs + GARBAGE_AFTER_MS);
    });
    return true;
  }

  /**
   * Deletes files that others have replaced.
   *
   * @returns whether there may be more.
   */
  async collect(nowMs: number): Promise<boolean> {
    const { chores, bucket } = this.#options;
    const paths = chores.garbage(nowMs, DELETE_MOST);
    if (paths.length === 0) return false;
    await bucket.delete(paths);
    chores.garbageIsGone(paths);
    return paths.length === DELETE_MOST;
  }

  #plan(nowMs: number): PointCompaction | undefined {
    const { catalog, chores, object } = this.#options;
    const dayMs = chores.dueDay(nowMs);
    if (dayMs === undefined) return undefined;
    const inputs = pointsToCompact(catalog.filesOf(dayMs));
    const path = pointPath({ object, stepMs: 0, ...placeOf(inputs) });
    return { dayMs, inputs, path };
  }

  /** @returns undefined when a file is gone: the bucket's own rules have deleted it. */
  async #write({ inputs, path }: PointCompaction) {
    const { bucket } = this.#options;
    const points: FilePoint[] = [];
    const texts = new Map<string, string>();
    for (const input of inputs) {
      const read = await bucket.get(input.path);
      if (read === undefined) return undefined;
      await readPointRows(read, points, texts);
    }
    const { body, ...file } = encodeFile(points);
    await bucket.put(path, body);
    return { ...file, ...placeOf(inputs), path, stepMs: 0, bytes: body.length };
  }
}

function placeOf(inputs: PointCompaction["inputs"]): { beginMs: number; from: number; to: number } {
  return {
    beginMs: inputs.reduce((least, { beginMs }) => Math.min(least, beginMs), inputs[0]?.beginMs ?? 0),
    from: inputs.reduce((least, { from }) => Math.min(least, from), inputs[0]?.from ?? 0),
    to: inputs.reduce((most, { to }) => Math.max(most, to), 0),
  };
}
