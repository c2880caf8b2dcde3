/** When a buffer of batches goes out: whichever bound is met first. */
export interface FlushPolicy {
  /** Batches. */
  maxCount: number;
  maxBytes: number;
  /** Milliseconds that the oldest batch may wait for company. */
  lingerMs: number;
}

/** Batches at the edge: a few milliseconds gather a busy moment into one row or one produce request. */
export const BATCHER_POLICY: FlushPolicy = { maxCount: 1_000, maxBytes: 900_000, lingerMs: 4 };

/** Whether a buffer of `count` batches and `bytes`, the oldest waiting since `oldestMs`, is to go now. */
export function shouldFlush(
  policy: FlushPolicy,
  count: number,
  bytes: number,
  oldestMs: number,
  nowMs: number,
): boolean {
  if (count === 0) return false;
  return count >= policy.maxCount || bytes >= policy.maxBytes || nowMs - oldestMs >= policy.lingerMs;
}
