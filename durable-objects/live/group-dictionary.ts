import type { GroupNumbers } from "../../protocol/live-binary.ts";
import type { Group } from "../../protocol/series.ts";

/** Rankings come with ever new groups: beyond this it begins anew. */
const MOST_GROUPS = 20_000;
const GENERATIONS = 2 ** 20;

/** Numbers of a metric's groups, so that a compact frame need not spell them. Each is spelled once to each reader. */
export class GroupDictionary {
  #generation = Math.floor(Math.random() * GENERATIONS);
  readonly #numbers = new Map<string, number>();
  /** Numbered so far in earlier generations. */
  #before = 0;
  #groups: Group[] = [];

  /** How many groups were numbered so far, those of earlier generations too. */
  get size(): number {
    return this.#before + this.#groups.length;
  }

  /**
   * What a frame needs of the numbers.
   *
   * @param groups those in the frame; new ones are numbered.
   * @param known {@link size} as it was after the last frame to the same readers; 0: they know none.
   */
  numbers(groups: readonly Group[], known: number): GroupNumbers {
    if (this.#groups.length > MOST_GROUPS) this.#beginAnew();
    const numbers = new Map(groups.map((group) => [group, this.#numberOf(group)]));
    const first = Math.max(0, known - this.#before);
    return {
      generation: this.#generation,
      numberOf: (group) => numbers.get(group) ?? 0,
      named: this.#groups.slice(first).map((group, i) => [this.#before + first + i, group] as const),
    };
  }

  #beginAnew(): void {
    this.#generation = (this.#generation + 1) % (2 * GENERATIONS);
    this.#before = this.size;
    this.#groups = [];
    this.#numbers.clear();
  }

  #numberOf(group: Group): number {
    const key = JSON.stringify(group);
    let number = this.#numbers.get(key);
    if (number === undefined) {
      number = this.size;
      this.#numbers.set(key, number);
      this.#groups.push(group);
    }
    return number;
  }
}
