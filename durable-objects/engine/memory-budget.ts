/**
 * Memory that the aggregates of one window object take together. A function of what they hold, so that the same steps
 * fill it alike. While it is full, groups that are new to a pane are folded into `__other__`.
 */
export class MemoryBudget {
  readonly limitBytes: number;
  usedBytes = 0;

  constructor(limitBytes: number) {
    this.limitBytes = limitBytes;
  }

  get isFull(): boolean {
    return this.usedBytes >= this.limitBytes;
  }
}

/** What an aggregate's place takes beside its state: entries of maps, positions in arrays. */
export const PLACE_BYTES = 80;
