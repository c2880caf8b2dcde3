import type { Series } from "../protocol/series.ts";

/** Where metrics that are read from others have changed: ends of windows. */
export class DerivedChanges {
  #ends = new Map<string, Set<number>>();

  get isEmpty(): boolean {
    return this.#ends.size === 0;
  }

  /** @param laterMs how long after the points the change is, if that is not after `untilMs`. */
  note(name: string, series: readonly Series[], laterMs = 0, untilMs = Number.POSITIVE_INFINITY): void {
    const ends = series.flatMap(({ t }) => t.map((end) => end + laterMs));
    this.noteEnds(
      name,
      ends.filter((end) => end <= untilMs),
    );
  }

  noteEnds(name: string, ends: Iterable<number>): void {
    const noted = this.#ends.get(name) ?? new Set();
    for (const end of ends) noted.add(end);
    if (noted.size > 0) this.#ends.set(name, noted);
  }

  /** What was noted since the last call. */
  take(): Map<string, ReadonlySet<number>> {
    const taken = this.#ends;
    this.#ends = new Map();
    return taken;
  }
}
