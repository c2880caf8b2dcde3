import type { Accumulator, Aggregate } from "./aggregates/aggregate.ts";
import { type MemoryBudget, PLACE_BYTES } from "./memory-budget.ts";
import { NamedGroups } from "./named-groups.ts";
import type { PaneColumn } from "./pane-column.ts";

/** One sliding window in view: composed once, when it comes into view; from then on it takes what comes. */
export class SlidingWindow {
  readonly end: number;
  readonly #aggregate: Aggregate;
  readonly #budget: MemoryBudget;
  readonly #other: string;
  readonly #named: NamedGroups<PaneColumn>;
  readonly #groups = new Map<string, Accumulator>();

  constructor(end: number, aggregate: Aggregate, budget: MemoryBudget, other: string, mostGroups: number) {
    this.end = end;
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
   * @param mayKeep whether `delta` is the window's from now on.
   * @returns the key of the group that was folded by it, if any: the column's own or another.
   */
  take(column: PaneColumn, delta: Accumulator, mayKeep: boolean): string | undefined {
    const { key } = column;
    const present = this.#groups.get(key);
    if (present !== undefined) {
      this.#merge(present, delta);
      return undefined;
    }
    const left = key === this.#other ? undefined : this.#named.admit(column);
    if (left === column) {
      this.#fold(delta, mayKeep);
      return key;
    }
    this.#put(key, delta, mayKeep);
    if (left !== undefined) this.#foldNamed(left.key);
    return left?.key;
  }

  /** Gives back all memory. */
  release(): void {
    for (const { bytes } of this.#groups.values()) this.#budget.usedBytes -= bytes + PLACE_BYTES;
    this.#groups.clear();
  }

  #foldNamed(key: string): void {
    const accumulator = this.#groups.get(key);
    if (accumulator === undefined) return;
    this.#groups.delete(key);
    this.#budget.usedBytes -= accumulator.bytes + PLACE_BYTES;
    this.#fold(accumulator, true);
  }

  #fold(delta: Accumulator, mayKeep: boolean): void {
    const other = this.#groups.get(this.#other);
    if (other === undefined) this.#put(this.#other, delta, mayKeep);
    else this.#merge(other, delta);
  }

  #put(key: string, delta: Accumulator, mayKeep: boolean): void {
    const kept = mayKeep ? delta : this.#aggregate.create();
    if (!mayKeep) kept.merge(delta);
    this.#groups.set(key, kept);
    this.#budget.usedBytes += kept.bytes + PLACE_BYTES;
  }

  #merge(present: Accumulator, delta: Accumulator): void {
    const before = present.bytes;
    present.merge(delta);
    this.#budget.usedBytes += present.bytes - before;
  }
}
