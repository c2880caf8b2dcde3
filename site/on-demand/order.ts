import type { Reading } from "../series/reading.ts";

/** A group moves past its neighbour when it is larger by this share: less is noise. */
const CLEARLY = 1.02;

/**
 * Keys by value, the largest first, changing the previous order no more than is clearly needed: groups of almost one
 * size keep their places.
 */
export function stableOrder(found: readonly Reading[], previous: readonly string[]): string[] {
  const place = new Map(previous.map((key, index) => [key, index]));
  const sorted = [...found].sort((a, b) => b.value - a.value || (a.key < b.key ? -1 : 1));
  // Insertion by neighbours: each goes up past those that are not clearly larger and stood below it before.
  const ordered: Reading[] = [];
  for (const reading of sorted) {
    let at = ordered.length;
    while (at > 0 && belongsBefore(reading, ordered[at - 1], place)) at--;
    ordered.splice(at, 0, reading);
  }
  return ordered.map(({ key }) => key);
}

function belongsBefore(
  reading: Reading,
  above: Reading | undefined,
  place: ReadonlyMap<string, number>,
): boolean {
  const before = place.get(reading.key);
  const beforeAbove = above === undefined ? undefined : place.get(above.key);
  if (above === undefined || before === undefined || beforeAbove === undefined) return false;
  return before < beforeAbove && above.value < reading.value * CLEARLY;
}
