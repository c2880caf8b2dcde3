import { Worker } from "node:worker_threads";

/** What a window object is filled with. */
export interface Filling {
  /** The metric's definition; it groups by `g`. */
  definition: object;
  /** Groups that have events in each second. */
  groups: number;
  /** Events of each in a second. Each has another user. */
  events: number;
  /** Whether each second has groups of its own. */
  isChurning?: boolean;
  /** What all groups' names begin with. */
  prefix?: string;
  /** Seconds at most. */
  seconds: number;
  /** Bytes by the object's own account at which filling ends before. */
  untilBytes: number;
  /** Whether somebody watches all of it. */
  isWatched?: boolean;
}

/** What came of it, in bytes. */
export interface Filled {
  /** By the object's own account, at the end. */
  mostBytes: number;
  /** Its growth since the first eighth. */
  accountedBytes: number;
  /** The heap's growth since then, as it is after collecting garbage. */
  heapBytes: number;
  checkpointLength: number;
}

/**
 * Fills a window object in a thread of its own, and makes a checkpoint of it.
 *
 * @param heapMb of all that the thread may take.
 * @throws Error `ERR_WORKER_OUT_OF_MEMORY` when that was not enough.
 */
export function fillWindows(filling: Filling, heapMb: number): Promise<Filled> {
  const thread = new Worker(new URL("filled-windows-thread.ts", import.meta.url), {
    workerData: filling,
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: heapMb - YOUNG_MB, maxYoungGenerationSizeMb: YOUNG_MB },
  });
  return new Promise((resolve, reject) => {
    thread.once("message", resolve);
    thread.once("error", reject);
  });
}

const YOUNG_MB = 8;
