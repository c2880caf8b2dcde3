/** Steps that are remembered, and how far they are apart at least: four minutes of a busy partition. */
const MOST_STEPS = 1_024;
const LEAST_STEP_MS = 250;

/** When a reader had got how far, for a while: what the inspector of one event asks. In memory, a few kilobytes. */
export class ReadProgress {
  readonly #steps: { nextOffset: number; byMs: number }[] = [];

  /** Notes that everything before `nextOffset` is dealt with. */
  note(nextOffset: number, nowMs: number): void {
    const last = this.#steps.at(-1);
    const before = this.#steps.at(-2);
    if (last !== undefined && before !== undefined && nowMs - before.byMs < LEAST_STEP_MS) {
      last.nextOffset = nextOffset;
      last.byMs = nowMs;
      return;
    }
    this.#steps.push({ nextOffset, byMs: nowMs });
    if (this.#steps.length > MOST_STEPS) this.#steps.shift();
  }

  /** By when at the latest the offset was dealt with, epoch ms; undefined: not yet, or too long ago to know. */
  passed(offset: number): number | undefined {
    const [first] = this.#steps;
    // The oldest step may have been reached long before.
    if (first === undefined || offset < first.nextOffset) return undefined;
    return this.#steps.find(({ nextOffset }) => offset < nextOffset)?.byMs;
  }
}
