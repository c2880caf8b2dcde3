/** Of a period: what a multiple of it may be off by in doubles. */
const ROUNDING = 1e-3;

/**
 * When the next frame may go to a client that asked for at most `maxRate` a second: at a multiple of the period, so that
 * subscriptions of one rate share what is encoded.
 *
 * @param nowMs when the last one goes.
 * @param dueMs when that was due, if it had to wait for it: a timer that fires late puts off none that follow, but where they would
 *   come within half a period.
 */
export function dueAfter(nowMs: number, maxRate: number, dueMs = nowMs): number {
  const periodMs = Math.max(1, 1_000 / maxRate);
  const fromMs = Math.max(dueMs, nowMs - periodMs / 2);
  return Math.ceil(fromMs / periodMs + 1 - ROUNDING) * periodMs;
}
