/** What {@link StartOffsets.encode} gives. */
export interface EncodedStartOffsets {
  since: number[];
  begun: number[];
}

/** The offset of each partition at which a definition begins: what is before it was folded for its predecessor, or not at all. */
export class StartOffsets {
  readonly #since: number[];
  /** Partitions of which the first range has come. */
  readonly #begun: Set<number>;

  /** @param begin the first offsets that may be folded, or the encoded state. */
  constructor(begin: { since: readonly number[]; begun?: readonly number[] }) {
    this.#since = [...begin.since];
    this.#begun = new Set(begin.begun);
  }

  get since(): readonly number[] {
    return this.#since;
  }

  /** The same, as far as it is known for good: null until the first range of a partition has come. */
  get known(): (number | null)[] {
    return this.#since.map((offset, partition) => (this.#begun.has(partition) ? offset : null));
  }

  /** Notes a range of which the reader began to read at `from`: while nobody asked, it had passed over what was before. */
  begin(partition: number, from: number): void {
    if (this.#begun.has(partition)) return;
    this.#begun.add(partition);
    this.#since[partition] = Math.max(this.#since[partition] ?? 0, from);
  }

  encode(): EncodedStartOffsets {
    return { since: this.#since, begun: [...this.#begun] };
  }
}
