/** A group of a metric by the order of its coming. */
export interface Ranked {
  readonly rank: number;
}

/**
 * The groups that a pane or a window names: of all that it has, the `most` that came first to the metric. Which those
 * are does not depend on the order in which they came to this pane.
 */
export class NamedGroups<G extends Ranked> {
  readonly #most: number;
  readonly #members: G[] = [];
  #inOrder = true;

  constructor(most: number) {
    this.#most = most;
  }

  get members(): readonly G[] {
    return this.#members;
  }

  /**
   * Takes a group that is no member.
   *
   * @returns who is left out for it: nobody while there is room, another member, or the group itself.
   */
  admit(group: G): G | undefined {
    const latest = this.#members.at(-1);
    if (this.#members.length < this.#most) {
      this.#inOrder &&= latest === undefined || latest.rank < group.rank;
      this.#members.push(group);
      return undefined;
    }
    if (!this.#inOrder) this.#members.sort((a, b) => a.rank - b.rank);
    this.#inOrder = true;
    const last = this.#members.at(-1);
    if (last === undefined || last.rank < group.rank) return group;
    this.#members.pop();
    this.#members.splice(this.#placeOf(group.rank), 0, group);
    return last;
  }

  #placeOf(rank: number): number {
    let [low, high] = [0, this.#members.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#members[middle]?.rank ?? 0) < rank) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
