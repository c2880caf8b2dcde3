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

// Measured as the growth of V8's heap, with pointers of 8 bytes: see `footprint.test.ts`.

/** What an aggregate's place takes beside its state: entries of maps, positions in arrays. */
export const PLACE_BYTES = 80;
/** What a group of sliding windows takes beside its panes, sums and windows. */
export const COLUMN_BYTES = 600;

/** Up to so many characters, a string that JSON has brought is there once, however often it comes. */
const SHARED_LENGTH = 10;

/** What the text of a group's key or a user's name takes where it is held: up to two bytes a character. */
export function textBytes(text: string): number {
  return 2 * Math.max(0, text.length - SHARED_LENGTH);
}
