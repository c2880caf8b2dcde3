import type { Accumulator, Aggregate } from "./aggregates/aggregate.ts";
import { lowerBound } from "./lower-bound.ts";
import { COLUMN_BYTES, type MemoryBudget, PLACE_BYTES, textBytes } from "./memory-budget.ts";
import type { Ranked } from "./named-groups.ts";
import type { SlidingPosition } from "./sliding-position.ts";

/** Aggregate of all panes from `startMs` to where the front ends. */
interface Suffix {
  readonly startMs: number;
  readonly sum: Accumulator;
}

/**
 * The panes of one group in event time, and the sum of any window over them as it slides forward: two stacks, so that
 * a step costs a few merges however many panes a window has, also for aggregates that cannot be subtracted.
 *
 *     panes   │ a │ b │ c │ d │ e │ f │ g │ h │ i │ j │ k │
 *     front   a…h   b…h   c…h │ d…h       │ g…h   │
 *             near: one suffix a pane     far: one a block
 *     back                                        i+j+k     one running sum: the window takes panes in one by one
 *
 * The window gives the front's suffixes up one by one; a block's gives way to those of its panes when it comes near, so
 * that there are about 2 √n of n panes. Now and then the front's end moves on, and both stacks are built anew. A late
 * event is merged into every sum that it belongs to.
 */
export class PaneColumn implements Ranked {
  readonly key: string;
  readonly rank: number;
  readonly #aggregate: Aggregate;
  readonly #budget: MemoryBudget;
  readonly #position: Readonly<SlidingPosition>;
  /** Ascending; `#cells` goes with it. */
  readonly #starts: number[] = [];
  readonly #cells: Accumulator[] = [];
  /** The oldest suffix is the last. */
  readonly #front: Suffix[] = [];
  #back: Accumulator | undefined;
  /** The pane that was looked for last: mostly it is the next one, too. */
  #lastStart = Number.NaN;
  #lastCell: Accumulator | undefined;

  constructor(
    key: string,
    rank: number,
    aggregate: Aggregate,
    budget: MemoryBudget,
    position: Readonly<SlidingPosition>,
  ) {
    this.key = key;
    this.rank = rank;
    this.#aggregate = aggregate;
    this.#budget = budget;
    this.#position = position;
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
    return this.#cellAt(startMs) !== undefined;
  }

  /** Merges `delta` into a pane. It is the column's from then on, but may be read until the next call. */
  add(startMs: number, delta: Accumulator): void {
    const cell = this.#cellAt(startMs);
    if (cell === undefined) this.#insert(startMs, delta);
    else this.#merge(cell, delta);
    const { fromMs, frontEndMs, endMs } = this.#position;
    if (startMs < fromMs || startMs >= endMs) return;
    if (startMs < frontEndMs) this.#addToFront(startMs, delta);
    else this.#addToBack(delta);
  }

  /** Takes a pane out; undefined: the group has nothing in it. */
  remove(startMs: number): Accumulator | undefined {
    const index = lowerBound(this.#starts, startMs);
    if (this.#starts[index] !== startMs) return undefined;
    this.#forgetLast();
    this.#starts.splice(index, 1);
    const [cell] = this.#cells.splice(index, 1);
    if (cell !== undefined) this.#forget(cell);
    const { fromMs, endMs } = this.#position;
    if (startMs >= fromMs && startMs < endMs) this.#rebuild();
    if (this.isEmpty) this.#budget.usedBytes -= this.#ownBytes;
    return cell;
  }

  /** Drops the panes that start before `startMs`: no window holds them any more. */
  dropBefore(startMs: number): void {
    const count = lowerBound(this.#starts, startMs);
    if (count === 0) return;
    this.#forgetLast();
    this.#starts.splice(0, count);
    for (const cell of this.#cells.splice(0, count)) this.#forget(cell);
    if (!this.isEmpty) return;
    this.#clearSums();
    this.#budget.usedBytes -= this.#ownBytes;
  }

  /** Brings the stacks to where the position has moved. To be called at every move. */
  follow(): void {
    const { isNewFront, isNewBlock, beforeEndMs, endMs, fromMs } = this.#position;
    if (isNewFront) {
      this.#rebuild();
      return;
    }
    this.#takeIntoBack(beforeEndMs, endMs);
    if (isNewBlock) this.#openBlock();
    else this.#popBefore(fromMs);
  }

  /** The sum of the window; undefined when it holds nothing. The caller's to keep. */
  sum(): Accumulator | undefined {
    const front = this.#front.at(-1)?.sum;
    if (front === undefined && this.#back === undefined) return undefined;
    const sum = this.#aggregate.create();
    if (front !== undefined) sum.merge(front);
    if (this.#back !== undefined) sum.merge(this.#back);
    return sum;
  }

  #cellAt(startMs: number): Accumulator | undefined {
    if (startMs === this.#lastStart) return this.#lastCell;
    const index = lowerBound(this.#starts, startMs);
    this.#lastStart = startMs;
    this.#lastCell = this.#starts[index] === startMs ? this.#cells[index] : undefined;
    return this.#lastCell;
  }

  #forgetLast(): void {
    this.#lastStart = Number.NaN;
    this.#lastCell = undefined;
  }

  #insert(startMs: number, cell: Accumulator): void {
    if (this.isEmpty) this.#budget.usedBytes += this.#ownBytes;
    const index = lowerBound(this.#starts, startMs);
    this.#starts.splice(index, 0, startMs);
    this.#cells.splice(index, 0, cell);
    this.#budget.usedBytes += cell.bytes + PLACE_BYTES;
    this.#lastStart = startMs;
    this.#lastCell = cell;
  }

  get #ownBytes(): number {
    return COLUMN_BYTES + textBytes(this.key);
  }

  #rebuild(): void {
    const { fromMs, frontEndMs, endMs } = this.#position;
    this.#clearSums();
    this.#takeIntoBack(frontEndMs, endMs);
    this.#pushSuffixes(fromMs, frontEndMs);
  }

  #takeIntoBack(fromMs: number, toMs: number): void {
    for (let i = lowerBound(this.#starts, fromMs); (this.#starts[i] ?? toMs) < toMs; i++) {
      const cell = this.#cells[i];
      if (cell !== undefined) this.#addToBack(cell);
    }
  }

  #addToBack(delta: Accumulator): void {
    if (this.#back === undefined) this.#back = this.#keptSum(delta);
    else this.#merge(this.#back, delta);
  }

  /** The suffix of the block that has come near gives way to those of its panes. */
  #openBlock(): void {
    const { fromMs, nearEndMs, frontEndMs } = this.#position;
    this.#popBefore(nearEndMs);
    this.#pushSuffixes(fromMs, Math.min(nearEndMs, frontEndMs));
  }

  /** Panes of one block that is not near make one suffix. */
  #pushSuffixes(fromMs: number, toMs: number): void {
    for (let i = lowerBound(this.#starts, toMs) - 1; i >= 0; i--) {
      const startMs = this.#starts[i] ?? 0;
      const cell = this.#cells[i];
      if (startMs < fromMs || cell === undefined) break;
      const suffixMs = this.#position.suffixOf(startMs);
      const newer = this.#front.at(-1);
      if (newer?.startMs === suffixMs) this.#merge(newer.sum, cell);
      else this.#front.push({ startMs: suffixMs, sum: this.#keptSum(cell, newer?.sum) });
    }
  }

  #popBefore(startMs: number): void {
    while ((this.#front.at(-1)?.startMs ?? startMs) < startMs) {
      const suffix = this.#front.pop();
      if (suffix !== undefined) this.#forget(suffix.sum);
    }
  }

  #addToFront(startMs: number, delta: Accumulator): void {
    const suffixMs = this.#position.suffixOf(startMs);
    let at = this.#front.length;
    for (; at > 0; at--) {
      const older = this.#front[at - 1];
      if (older === undefined || older.startMs > suffixMs) break;
      this.#merge(older.sum, delta);
    }
    if (this.#front[at]?.startMs === suffixMs) return;
    this.#front.splice(at, 0, { startMs: suffixMs, sum: this.#keptSum(delta, this.#front[at - 1]?.sum) });
  }

  #clearSums(): void {
    this.#popBefore(Number.POSITIVE_INFINITY);
    if (this.#back !== undefined) this.#forget(this.#back);
    this.#back = undefined;
  }

  #keptSum(part: Accumulator, other?: Accumulator): Accumulator {
    const sum = this.#aggregate.create();
    sum.merge(part);
    if (other !== undefined) sum.merge(other);
    this.#budget.usedBytes += sum.bytes + PLACE_BYTES;
    return sum;
  }

  #merge(kept: Accumulator, delta: Accumulator): void {
    const before = kept.bytes;
    kept.merge(delta);
    this.#budget.usedBytes += kept.bytes - before;
  }

  #forget(kept: Accumulator): void {
    this.#budget.usedBytes -= kept.bytes + PLACE_BYTES;
  }
}
