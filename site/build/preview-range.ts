import { parseDuration } from "../../protocol/time.ts";

/** Recent events are enough to see what a definition does, and quick to compute: longer only where windows end seldom. */
const RANGES = ["5m", "15m", "1h", "6h"] as const;
const LONGEST = RANGES[3];
/** Windows that are to have ended in it. */
const LEAST_STEPS = 5;

/** Over how long a metric of this step is previewed. */
export function previewRange(stepMs: number): string {
  return RANGES.find((range) => (parseDuration(range) ?? 0) >= LEAST_STEPS * stepMs) ?? LONGEST;
}
