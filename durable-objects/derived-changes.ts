import type { Series } from "../protocol/series.ts";

/** Where metrics that are read from others have changed: ends of windows. */
export class DerivedChanges {
  #ends = new Map<string, Set<number>>();

  get isEmpty(): boolean {
    return this.#ends.size === 0;
  }

  note(name: string, series: readonly Series[]): void {
    const ends = this.#ends.get(name) ?? new Set();
    this.#ends.set(name, ends);
    for (const { t } of series) for (const end of t) ends.add(end);
  }

  /** What was noted since the last call. */
  take(): Map<string, ReadonlySet<number>> {
    const taken = this.#ends;
    this.#ends = new Map();
    return taken;
  }
}
