/** A cut takes about so much of the log: what an isolate of 128 MB can hold, and a file worth a request. */
export const CUT_BYTES = 8 * 1024 * 1024;
export const CUT_EVENTS = 50_000;
/** Runs are not closer to each other than this. */
const LEAST_PAUSE_MS = 1_000;

/** What was read of the log since the last cut. */
export interface Waiting {
  bytes: number;
  events: number;
  /** When the first record arrived, epoch ms. */
  oldestMs: number;
}

/** Whether records that hold so much are a cut. */
export function isFull({ bytes, events }: Pick<Waiting, "bytes" | "events">): boolean {
  return bytes >= CUT_BYTES || events >= CUT_EVENTS;
}

/**
 * When records that wait are to be cut: when the oldest is `everyMs` old, or before that when they will be full,
 * at the pace at which they came.
 */
export function cutDueMs(waiting: Waiting, nowMs: number, everyMs: number): number {
  if (isFull(waiting)) return nowMs;
  const sinceMs = Math.max(1, nowMs - waiting.oldestMs);
  const share = Math.max(waiting.bytes / CUT_BYTES, waiting.events / CUT_EVENTS);
  const fullMs = nowMs + Math.max(LEAST_PAUSE_MS, (sinceMs * (1 - share)) / Math.max(share, 1e-9));
  return Math.ceil(Math.min(waiting.oldestMs + everyMs, fullMs));
}

/** When to try again after so many failures in a row, in ms: up to a minute. */
export function retryPauseMs(failures: number): number {
  return Math.min(60_000, 1_000 * 2 ** Math.min(10, failures - 1));
}
