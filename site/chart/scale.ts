/** The y axis of a chart: round bounds and the ticks between them. */
export interface NiceScale {
  min: number;
  max: number;
  ticks: number[];
}

/** Room that the highest value leaves below the top, so that a line's width is not cut. */
const HEADROOM = 1.04;

/** Less than this cannot be divided into steps, and is drawn as zero. */
const LEAST_RANGE = 1e-300;

/**
 * Round bounds around `[low, high]`, zero included: bars and areas lie about their size without it. Because the bounds
 * are halves of steps, they stay the same while the data move a little.
 *
 * Their distance is finite: of data that reach from beyond -9e307 to beyond 9e307, the ends are cut.
 *
 * @param base 10, or 1024 for bytes.
 */
export function niceScale(low: number, high: number, ticksWanted: number, base: 10 | 1024): NiceScale {
  const most = low < 0 && high > 0 ? Number.MAX_VALUE / 2 : Number.MAX_VALUE;
  const bottom = bounded(Math.min(0, low) * HEADROOM, most);
  const top = bounded(Math.max(0, high) * HEADROOM, most);
  if (top - bottom < LEAST_RANGE) return { min: 0, max: 1, ticks: [0, 1] };
  const step = niceStep((top - bottom) / Math.max(1, ticksWanted), base);
  const half = step / 2;
  const min = bounded(withoutDust(Math.floor(bottom / half) * half), most);
  const max = bounded(withoutDust(Math.ceil(top / half) * half), most);
  const ticks: number[] = [];
  for (let i = Math.ceil(min / step); i * step <= max; i++) ticks.push(withoutDust(i * step));
  return { min, max, ticks };
}

/** `value` within `most` of zero: the sum of two large numbers may be none. */
export function bounded(value: number, most = Number.MAX_VALUE): number {
  return Math.max(-most, Math.min(most, value));
}

/** The least round number that is not below `rough`. */
function niceStep(rough: number, base: 10 | 1024): number {
  const magnitude = base ** Math.floor(Math.log(rough) / Math.log(base));
  const rounds = base === 10 ? [1, 2, 5, 10] : [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024];
  const round = rounds.find((candidate) => candidate * magnitude >= rough * 0.999) ?? base;
  return round * magnitude;
}

/** 0.30000000000000004 is 0.3. */
function withoutDust(value: number): number {
  return Number(value.toPrecision(12));
}
