/** Bounds of one decade: the preferred numbers R20 of ISO 3, each about 12 % above the one before. */
const DECADE = [1, 1.12, 1.25, 1.4, 1.6, 1.8, 2, 2.24, 2.5, 2.8, 3.15, 3.55, 4, 4.5, 5, 5.6, 6.3, 7.1, 8, 9];
export const STEPS_PER_DECADE = DECADE.length;
const FIRST_EXPONENT = -9;
const LAST_EXPONENT = 15;

/** Magnitudes of all bounds, ascending: 1e-9 to 1e15. */
const BOUNDS = Float64Array.from(
  { length: (LAST_EXPONENT - FIRST_EXPONENT) * STEPS_PER_DECADE + 1 },
  (_, i) => Number(`${DECADE[i % STEPS_PER_DECADE]}e${FIRST_EXPONENT + Math.floor(i / STEPS_PER_DECADE)}`),
);

/**
 * The buckets of histograms are the same for all metrics and windows, so that they add up. Each is an interval
 * `(lower, upper]` and has a number, ascending with its bounds: 0 ends at zero, 1 at 1e-9, 482 at infinity; -1 ends at
 * -1e-9, -481 begins at minus infinity.
 */
export const LAST_BUCKET = BOUNDS.length + 1;
export const FIRST_BUCKET = -BOUNDS.length;

const INFINITE = "+Inf";

/** The bucket that a value is in. */
export function bucketOf(value: number): number {
  if (value > 0) return boundsBelow(value) + 1;
  if (value === 0) return 0;
  const below = boundsBelow(-value);
  return 0 - (BOUNDS[below] === -value ? below + 1 : below);
}

/** The greatest value of a bucket. */
export function upperBound(bucket: number): number {
  if (bucket === 0) return 0;
  return bucket > 0 ? (BOUNDS[bucket - 1] ?? Infinity) : -(BOUNDS[-bucket - 1] ?? Infinity);
}

/** What all values of a bucket are greater than. */
export function lowerBound(bucket: number): number {
  return upperBound(bucket - 1);
}

/** A bucket as series are labelled with it: its upper bound, such as `0.5`, `0`, `-250` or `+Inf`. */
export function bucketLabel(bucket: number): string {
  return bucket >= LAST_BUCKET ? INFINITE : String(upperBound(bucket));
}

/** The bucket of a label, or undefined where no bucket is labelled so. */
export function labelledBucket(label: string): number | undefined {
  const bucket = label === INFINITE ? LAST_BUCKET : bucketOf(Number(label));
  return bucketLabel(bucket) === label ? bucket : undefined;
}

/** How many bounds are less than a magnitude. The logarithm is a first guess: comparing is exact. */
function boundsBelow(magnitude: number): number {
  const guess = Math.ceil((Math.log10(magnitude) - FIRST_EXPONENT) * STEPS_PER_DECADE);
  let count = Math.min(Math.max(guess, 0), BOUNDS.length);
  while (count > 0 && (BOUNDS[count - 1] ?? 0) >= magnitude) count--;
  while (count < BOUNDS.length && (BOUNDS[count] ?? 0) < magnitude) count++;
  return count;
}
