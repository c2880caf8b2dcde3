import type { WindowSpec } from "../../protocol/window-spec.ts";
import type { CompiledMetric } from "./compiled-metric.ts";
import { keepOutcome, readSealed, type SealedPoint } from "./sealed-point.ts";
import { resample, type WindowPoint } from "./window-points.ts";

/** How closely points are kept that are of some age. */
export interface RollupLevel {
  /** Distance of two points, ms; of the finest level the window's own step. */
  stepMs: number;
  /** Points older than this are rolled up to the next level, or dropped by the last, ms. */
  untilMs: number;
}

const MINUTE_MS = 60_000;
/** Steps of the coarser levels, at least, and how long they last, in multiples of the finest level's time. */
const COARSER = [
  { stepMs: MINUTE_MS, lasts: 12 },
  { stepMs: 15 * MINUTE_MS, lasts: Number.POSITIVE_INFINITY },
];

/** How long points are kept: as they were sealed, and at all, ms. */
export interface KeepTimes {
  fineMs: number;
  keepMs: number;
}

/**
 * The levels of a metric's points, finest first: as they were sealed for `fineMs`, by the minute for twelve times as long,
 * by the quarter of an hour after that. A coarser step is a multiple of each finer one; a level that would be none is
 * left out. The steps depend on the window alone, however long points are kept: the archive has what is rolled up to the
 * last of them.
 */
export function rollupLevels({ everyMs }: WindowSpec, { fineMs, keepMs }: KeepTimes): RollupLevel[] {
  const levels: RollupLevel[] = [{ stepMs: everyMs, untilMs: fineMs }];
  for (const { stepMs, lasts } of COARSER) {
    const finer = levels.at(-1) ?? { stepMs: everyMs, untilMs: fineMs };
    const step = Math.ceil(stepMs / finer.stepMs) * finer.stepMs;
    if (step === finer.stepMs) finer.untilMs = fineMs * lasts;
    else levels.push({ stepMs: step, untilMs: fineMs * lasts });
  }
  const last = levels.at(-1);
  if (last !== undefined) last.untilMs = keepMs;
  return levels.map(({ stepMs, untilMs }) => ({ stepMs, untilMs: Math.min(untilMs, keepMs) }));
}

/** Points are rolled up, and computed anew, in stretches of this length, which begin at multiples of it. */
export function stretchMs(levels: readonly RollupLevel[]): number {
  return levels.at(-1)?.stepMs ?? MINUTE_MS;
}

/**
 * Sealed points merged to a coarser step: of windows that do not overlap by their states, so that a percentile stays
 * one; of sliding windows those are kept that end at a step.
 *
 * @param points whole steps, ascending in their ends. They are read one at a time.
 */
export function rollUp(
  compiled: CompiledMetric,
  points: Iterable<SealedPoint>,
  stepMs: number,
): SealedPoint[] {
  const revised = new Set<string>();
  const closed = { finalEnd: Number.POSITIVE_INFINITY, sealedEnd: Number.POSITIVE_INFINITY };
  const read = function* (): Generator<WindowPoint> {
    for (const point of points) {
      if (point[3] === 1) revised.add(`${ceilTo(point[0], stepMs)} ${point[1]}`);
      yield readSealed(compiled, point);
    }
  };
  return Array.from(resample(compiled, read(), stepMs, closed), ({ end, key, outcome, accumulator }) => {
    const wasRevised = revised.has(`${end} ${key}`);
    return [end, key, accumulator?.encode() ?? keepOutcome(outcome), wasRevised ? 1 : 0];
  });
}

/** The least multiple of `stepMs` that is not less. */
export function ceilTo(ms: number, stepMs: number): number {
  return Math.ceil(ms / stepMs) * stepMs;
}
