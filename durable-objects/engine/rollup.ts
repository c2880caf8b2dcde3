import type { WindowSpec } from "../../protocol/window-spec.ts";
import type { CompiledMetric } from "./compiled-metric.ts";
import { keepOutcome, readSealed, type SealedPoint } from "./sealed-point.ts";
import { resample } from "./window-points.ts";

/** How closely points are kept that are of some age. */
export interface RollupLevel {
  /** Distance of two points, ms; of the finest level the window's own step. */
  stepMs: number;
  /** Points older than this are rolled up to the next level, or dropped by the last, ms. */
  untilMs: number;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Steps of the coarser levels, at least, and how long they last. */
const COARSER: readonly RollupLevel[] = [
  { stepMs: 60_000, untilMs: 3 * DAY_MS },
  { stepMs: HOUR_MS / 4, untilMs: Number.POSITIVE_INFINITY },
];
const FINEST_UNTIL_MS = 6 * HOUR_MS;

/**
 * The levels of a metric's points, finest first: as they were sealed for six hours, by the minute for three days, by the
 * quarter of an hour after that. A coarser step is a multiple of each finer one; a level that would be none is left out.
 */
export function rollupLevels({ everyMs }: WindowSpec, keepMs: number): RollupLevel[] {
  const levels: RollupLevel[] = [{ stepMs: everyMs, untilMs: FINEST_UNTIL_MS }];
  for (const { stepMs, untilMs } of COARSER) {
    const finer = levels.at(-1) ?? { stepMs: everyMs, untilMs };
    const step = Math.ceil(stepMs / finer.stepMs) * finer.stepMs;
    if (step === finer.stepMs) finer.untilMs = untilMs;
    else levels.push({ stepMs: step, untilMs });
  }
  const kept = levels.filter((_, i) => (levels[i - 1]?.untilMs ?? 0) < keepMs);
  const last = kept.at(-1);
  if (last !== undefined) last.untilMs = keepMs;
  return kept;
}

/**
 * Sealed points merged to a coarser step: of windows that do not overlap by their states, so that a percentile stays
 * one; of sliding windows those are kept that end at a step.
 *
 * @param points whole steps, ascending in their ends.
 */
export function rollUp(
  compiled: CompiledMetric,
  points: readonly SealedPoint[],
  stepMs: number,
): SealedPoint[] {
  const revised = new Set(
    points.filter((point) => point[3] === 1).map(([end, key]) => `${ceil(end, stepMs)} ${key}`),
  );
  const closed = { finalEnd: Number.POSITIVE_INFINITY, sealedEnd: Number.POSITIVE_INFINITY };
  const read = points.map((point) => readSealed(compiled, point));
  return Array.from(resample(compiled, read, stepMs, closed), ({ end, key, outcome, accumulator }) => {
    const wasRevised = revised.has(`${end} ${key}`);
    return [end, key, accumulator?.encode() ?? keepOutcome(outcome), wasRevised ? 1 : 0];
  });
}

function ceil(ms: number, stepMs: number): number {
  return Math.ceil(ms / stepMs) * stepMs;
}
