/** Index of the first of `sorted`, ascending, that is not below `value`. Mostly it is the last or one beyond. */
export function lowerBound(sorted: readonly number[], value: number): number {
  let high = sorted.length;
  if (high === 0 || (sorted[high - 1] ?? 0) < value) return high;
  let low = 0;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] ?? 0) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
