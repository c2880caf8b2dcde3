import type { Series } from "../protocol/series.ts";

/** Where metrics that are read from others have changed: ends of windows. */
export class DerivedChanges {
  #ends = new Map<string, Set<number>>();

  get isEmpty(): boolean {
    return this.#ends.size === 0;
  }

  /** @param laterMs how long after the points the change is, if that is not after `untilMs`. */
  note(name: string, series: readonly Series[], laterMs = 0, untilMs = Number.POSITIVE_INFINITY): void {
    const ends = this.#ends.get(name) ?? new Set();
    for (const { t } of series) {
      for (const end of t) if (end + laterMs <= untilMs) ends.add(end + laterMs);
    }
    if (ends.size > 0) this.#ends.set(name, ends);
  }

  /** What was noted since the last call. */
  take(): Map<string, ReadonlySet<number>> {
    const taken = this.#ends;
    this.#ends = new Map();
    return taken;
  }
}
