/** Of a period: what a multiple of it may be off by in doubles. */
const ROUNDING = 1e-3;

/**
 * When the next frame may go to a client that asked for at most `maxRate` a second: at a multiple of the period, so that
 * subscriptions of one rate share what is encoded.
 *
 * @param fromMs when the last one went, or was due: a timer that fires late puts off none that follow.
 */
export function dueAfter(fromMs: number, maxRate: number): number {
  const periodMs = Math.max(1, 1_000 / maxRate);
  return Math.ceil(fromMs / periodMs + 1 - ROUNDING) * periodMs;
}
