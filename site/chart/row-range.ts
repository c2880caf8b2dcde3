import type { PictureRow } from "./picture.ts";
import { lowerBound } from "../series/series.ts";

/**
 * The least and greatest value of a row, kept from drawing to drawing: while the row's epoch is the same and both are still
 * seen, only what is new is looked at.
 */
export class RowRange {
  low = Number.POSITIVE_INFINITY;
  high = Number.NEGATIVE_INFINITY;
  #epoch: string | undefined;
  /** Of settled points alone: where they are, and which were looked at. */
  #low = Number.POSITIVE_INFINITY;
  #high = Number.NEGATIVE_INFINITY;
  #lowMs = 0;
  #highMs = 0;
  #fromMs = 0;
  #toMs = 0;

  /** Looks at `y[start…end - 1]`. `settled`: no point after this index is. */
  look(x: readonly number[], { y, epoch }: PictureRow, start: number, end: number, settled: number): void {
    const last = Math.min(end - 1, settled);
    const fromMs = x[start] ?? 0;
    const toMs = x[last] ?? 0;
    let next = start;
    if (epoch !== undefined && epoch === this.#epoch && this.#isWithin(fromMs, toMs)) {
      next = Math.max(start, lowerBound(x, this.#toMs + 1));
    } else {
      this.#low = Number.POSITIVE_INFINITY;
      this.#high = Number.NEGATIVE_INFINITY;
      this.#lowMs = this.#highMs = Number.POSITIVE_INFINITY;
      this.#epoch = epoch;
    }
    this.#fromMs = fromMs;
    for (; next <= last; next++) {
      const value = y[next];
      if (typeof value !== "number") continue;
      if (value <= this.#low) [this.#low, this.#lowMs] = [value, x[next] ?? 0];
      if (value >= this.#high) [this.#high, this.#highMs] = [value, x[next] ?? 0];
    }
    if (last >= start) this.#toMs = toMs;
    else this.#epoch = undefined;
    [this.low, this.high] = [this.#low, this.#high];
    for (let i = Math.max(start, last + 1); i < end; i++) {
      const value = y[i];
      if (typeof value !== "number") continue;
      if (value < this.low) this.low = value;
      if (value > this.high) this.high = value;
    }
  }

  #isWithin(fromMs: number, toMs: number): boolean {
    return fromMs >= this.#fromMs && toMs >= this.#toMs && this.#lowMs >= fromMs && this.#highMs >= fromMs;
  }
}
