import type { Group } from "../protocol/series.ts";
import { groupKey } from "./series.ts";

/** Gives each group of a dashboard its colour, the same in every panel and for as long as the page is open. */
export class ColorSlots {
  readonly #slots = new Map<string, number>();
  readonly #used = new Map<string, number>();
  readonly #count: number;

  constructor(count: number) {
    this.#count = count;
  }

  /** The number of `group`'s colour, from 0. Groups of different keys do not use up each other's colours. */
  slotOf(group: Group): number {
    const key = groupKey(group);
    const known = this.#slots.get(key);
    if (known !== undefined) return known;
    const dimensions = Object.keys(group).sort().join("\0");
    const used = this.#used.get(dimensions) ?? 0;
    this.#used.set(dimensions, used + 1);
    const slot = used % this.#count;
    this.#slots.set(key, slot);
    return slot;
  }
}
