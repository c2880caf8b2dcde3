import type { Accumulator, Aggregate } from "./aggregates/aggregate.ts";
import { type MemoryBudget, PLACE_BYTES } from "./memory-budget.ts";
import { NamedGroups } from "./named-groups.ts";
import type { PaneColumn } from "./pane-column.ts";

/** One sliding window in view: composed once, when it comes into view; from then on it takes what comes. */
export class SlidingWindow {
  readonly #aggregate: Aggregate;
  readonly #budget: MemoryBudget;
  readonly #other: string;
  readonly #named: NamedGroups<PaneColumn>;
  readonly #groups = new Map<string, Accumulator>();

  constructor(aggregate: Aggregate, budget: MemoryBudget, other: string, mostGroups: number) {
    this.#aggregate = aggregate;
    this.#budget = budget;
    this.#other = other;
    this.#named = new NamedGroups(mostGroups);
  }

  get groups(): ReadonlyMap<string, Accumulator> {
    return this.#groups;
  }

  /**
   * Takes what a column adds to this window.
   *
   * @returns the keys of the groups that changed: the column's own, or where it was folded.
   */
  take(column: PaneColumn, delta: Accumulator): string[] {
    if (column.key === this.#other || this.#groups.has(column.key)) {
      this.#merge(column.key, delta);
      return [column.key];
    }
    const left = this.#named.admit(column);
    if (left === column) {
      this.#merge(this.#other, delta);
      return [this.#other];
    }
    this.#merge(column.key, delta);
    if (left === undefined) return [column.key];
    this.#fold(left.key);
    return [column.key, left.key, this.#other];
  }

  /** Gives back all memory. */
  release(): void {
    for (const { bytes } of this.#groups.values()) this.#budget.usedBytes -= bytes + PLACE_BYTES;
    this.#groups.clear();
  }

  #fold(key: string): void {
    const accumulator = this.#groups.get(key);
    if (accumulator === undefined) return;
    this.#groups.delete(key);
    this.#budget.usedBytes -= accumulator.bytes + PLACE_BYTES;
    this.#merge(this.#other, accumulator);
  }

  #merge(key: string, delta: Accumulator): void {
    let accumulator = this.#groups.get(key);
    const before = accumulator === undefined ? -PLACE_BYTES : accumulator.bytes;
    if (accumulator === undefined) this.#groups.set(key, (accumulator = this.#aggregate.create()));
    accumulator.merge(delta);
    this.#budget.usedBytes += accumulator.bytes - before;
  }
}
