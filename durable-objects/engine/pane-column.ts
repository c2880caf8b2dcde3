import type { Accumulator, Aggregate } from "./aggregates/aggregate.ts";
import { type MemoryBudget, PLACE_BYTES } from "./memory-budget.ts";
import type { Ranked } from "./named-groups.ts";

/** A pane stands as itself and, while a window is over it, in a suffix. */
const STACKS = 2;

/** Aggregate of all panes from `startMs` to where the front ends. */
interface Suffix {
  startMs: number;
  sum: Accumulator;
}

/**
 * The panes of one group in event time, and the sum of any window over them as it slides forward: two stacks, so that
 * a step costs two merges however many panes a window has, also for aggregates that cannot be subtracted.
 *
 *     panes   │ a │ b │ c │ d │ e │ f │
 *     front   abc  bc   c                 one suffix for each pane: the window gives them up one by one
 *     back                  └ d+e+f ┘     one running sum: the window takes panes in one by one
 *
 * When the front is used up, the back becomes the new front. A late event in the back is merged into its sum; one in the
 * front makes it stale, and it is built anew at the next step.
 */
export class PaneColumn implements Ranked {
  readonly key: string;
  readonly rank: number;
  readonly #aggregate: Aggregate;
  readonly #budget: MemoryBudget;
  /** Ascending; `#cells` goes with it. */
  readonly #starts: number[] = [];
  readonly #cells: Accumulator[] = [];
  /** The oldest suffix is the last. */
  #front: Suffix[] = [];
  #back: Accumulator | undefined;
  /** Panes that start before this are in the front. */
  #frontEndMs = 0;
  /** Panes from the front's end up to this are in the back. */
  #backEndMs = 0;
  #isStale = true;

  constructor(key: string, rank: number, aggregate: Aggregate, budget: MemoryBudget) {
    this.key = key;
    this.rank = rank;
    this.#aggregate = aggregate;
    this.#budget = budget;
  }

  get isEmpty(): boolean {
    return this.#starts.length === 0;
  }

  /** Start and aggregate of each pane, ascending. Read only. */
  *panes(): Generator<[startMs: number, cell: Accumulator]> {
    for (const [i, cell] of this.#cells.entries()) yield [this.#starts[i] ?? 0, cell];
  }

  /** Whether the group has something in the pane. */
  has(startMs: number): boolean {
    return this.#starts[this.#indexOf(startMs)] === startMs;
  }

  /** Merges `delta` into a pane. */
  add(startMs: number, delta: Accumulator): void {
    const index = this.#indexOf(startMs);
    const cell = this.#starts[index] === startMs ? this.#cells[index] : undefined;
    if (cell === undefined) this.#insert(index, startMs, delta);
    else this.#merge(cell, delta);
    if (startMs < this.#frontEndMs) this.#isStale = true;
    else if (startMs < this.#backEndMs) {
      this.#back ??= this.#aggregate.create();
      this.#back.merge(delta);
    }
  }

  /** Takes a pane out; undefined: the group has nothing in it. */
  remove(startMs: number): Accumulator | undefined {
    const index = this.#indexOf(startMs);
    if (this.#starts[index] !== startMs) return undefined;
    this.#starts.splice(index, 1);
    const [cell] = this.#cells.splice(index, 1);
    if (cell !== undefined) this.#budget.usedBytes -= STACKS * (cell.bytes + PLACE_BYTES);
    this.#isStale = true;
    return cell;
  }

  /** Drops the panes that start before `startMs`. */
  dropBefore(startMs: number): void {
    const count = this.#indexOf(startMs);
    for (let i = 0; i < count; i++) {
      this.#budget.usedBytes -= STACKS * ((this.#cells[i]?.bytes ?? 0) + PLACE_BYTES);
    }
    this.#starts.splice(0, count);
    this.#cells.splice(0, count);
  }

  /**
   * The sum of the panes that start in `[fromMs, endMs)`; undefined when there are none. Neither bound may lie before
   * that of the last call.
   */
  slide(fromMs: number, endMs: number): Accumulator | undefined {
    if (this.#isStale) this.#turnOver(fromMs, endMs);
    else this.#extendBack(endMs);
    while (this.#front.length > 0 && (this.#front.at(-1)?.startMs ?? 0) < fromMs) this.#front.pop();
    if (this.#front.length === 0 && this.#back !== undefined) this.#turnOver(fromMs, endMs);
    const front = this.#front.at(-1);
    if (front === undefined && this.#back === undefined) return undefined;
    const sum = this.#aggregate.create();
    if (front !== undefined) sum.merge(front.sum);
    if (this.#back !== undefined) sum.merge(this.#back);
    return sum;
  }

  #insert(index: number, startMs: number, delta: Accumulator): void {
    const cell = this.#aggregate.create();
    cell.merge(delta);
    this.#starts.splice(index, 0, startMs);
    this.#cells.splice(index, 0, cell);
    this.#budget.usedBytes += STACKS * (cell.bytes + PLACE_BYTES);
  }

  #merge(cell: Accumulator, delta: Accumulator): void {
    const before = cell.bytes;
    cell.merge(delta);
    this.#budget.usedBytes += STACKS * (cell.bytes - before);
  }

  /** Takes the panes up to `endMs` into the back. */
  #extendBack(endMs: number): void {
    if (endMs <= this.#backEndMs) return;
    for (let i = this.#indexOf(this.#backEndMs); i < this.#cells.length; i++) {
      if ((this.#starts[i] ?? 0) >= endMs) break;
      this.#back ??= this.#aggregate.create();
      this.#back.merge(this.#cells[i] ?? this.#aggregate.create());
    }
    this.#backEndMs = endMs;
  }

  /** Makes suffixes of the panes in `[fromMs, endMs)`; the back is empty then. */
  #turnOver(fromMs: number, endMs: number): void {
    this.#front = [];
    this.#back = undefined;
    let above: Accumulator | undefined;
    for (let i = this.#indexOf(endMs) - 1; i >= 0; i--) {
      const startMs = this.#starts[i] ?? 0;
      if (startMs < fromMs) break;
      const sum = this.#aggregate.create();
      sum.merge(this.#cells[i] ?? sum);
      if (above !== undefined) sum.merge(above);
      this.#front.push({ startMs, sum });
      above = sum;
    }
    this.#frontEndMs = this.#backEndMs = endMs;
    this.#isStale = false;
  }

  /** Index of the first pane that does not start before `startMs`. Mostly it is the last or one beyond. */
  #indexOf(startMs: number): number {
    let high = this.#starts.length;
    if (high === 0 || (this.#starts[high - 1] ?? 0) < startMs) return high;
    let low = 0;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#starts[middle] ?? 0) < startMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
