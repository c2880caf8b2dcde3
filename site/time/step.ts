const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

/** Distances of points that people can read, ascending. */
const ROUND_STEPS_MS = [
  ...[1, 2, 5].map((count) => count * 100),
  ...[1, 2, 5, 10, 15, 30].map((count) => count * SECOND_MS),
  ...[1, 2, 5, 10, 15, 30].map((count) => count * MINUTE_MS),
  ...[1, 2, 3, 6, 12].map((count) => count * HOUR_MS),
  ...[1, 2, 7, 14, 30].map((count) => count * DAY_MS),
];

/** A round step that is longer than this many times what is needed shows too little: better one that is not round. */
const MOST_TIMES = 4;

/**
 * The distance of points that suits a drawing: round, a multiple of the window's own step, and so large that the span
 * takes no more than `mostPoints`.
 */
export function chooseStepMs(spanMs: number, mostPoints: number, windowStepMs: number): number {
  const leastMs = Math.max(windowStepMs, spanMs / Math.max(1, mostPoints));
  const round = ROUND_STEPS_MS.find(
    (ms) => ms >= leastMs && ms <= leastMs * MOST_TIMES && ms % windowStepMs === 0,
  );
  return round ?? Math.ceil(leastMs / windowStepMs) * windowStepMs;
}
