import type { Group } from "../../protocol/series.ts";
import { groupKey } from "../series/series.ts";

/** Gives each group of a dashboard its colour, the same in every panel and for as long as the page is open. */
export class ColorSlots {
  readonly #ranks = new Map<string, number>();
  /** The same by the group itself: charts ask for each drawing. */
  readonly #seen = new WeakMap<Group, number>();
  readonly #used = new Map<string, number>();
  readonly #count: number;

  /** @param count how many colours there are; the last is a neutral one. */
  constructor(count: number) {
    this.#count = count;
  }

  /** Colours for the groups of one chart, from 0: no two alike while there are enough. */
  distinct(groups: readonly Group[]): number[] {
    const slots = groups.map((group) => this.#rankOf(group) % this.#count);
    const taken = new Set(slots);
    const seen = new Set<number>();
    for (const [i, slot] of slots.entries()) {
      if (seen.has(slot)) slots[i] = this.#free(taken) ?? slot;
      const settled = slots[i] ?? slot;
      seen.add(settled);
      taken.add(settled);
    }
    return slots;
  }

  /** The colour of one entry of a list of any length: the neutral one for groups that came too late for their own. */
  inList(group: Group): number {
    return Math.min(this.#rankOf(group), this.#count - 1);
  }

  #rankOf(group: Group): number {
    const rank = this.#seen.get(group) ?? this.#rank(group);
    this.#seen.set(group, rank);
    return rank;
  }

  /** Groups are ranked as they come; those of different keys do not use up each other's colours. */
  #rank(group: Group): number {
    const key = groupKey(group);
    const known = this.#ranks.get(key);
    if (known !== undefined) return known;
    const dimensions = Object.keys(group).sort().join("\0");
    const rank = this.#used.get(dimensions) ?? 0;
    this.#used.set(dimensions, rank + 1);
    this.#ranks.set(key, rank);
    return rank;
  }

  #free(taken: ReadonlySet<number>): number | undefined {
    return Array.from({ length: this.#count }, (_, slot) => slot).find((slot) => !taken.has(slot));
  }
}
