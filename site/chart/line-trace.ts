import type { Projection } from "./chart-paths.ts";
import { lowerBound, type Cell } from "../series/series.ts";

/** A path and how far to the right it is to be moved, in canvas pixels. */
export interface PlacedPath {
  path: Path2D;
  shift: number;
}

/** Points that have left the chart stay in the path until they are as many as those in it, and no fewer than this. */
const LEAST_LEFT_BEHIND = 256;
/** Scales that differ by less are the same: a thousandth of a pixel over the widest chart. */
const SAME = 1e-7;

/**
 * The line of one row, kept from drawing to drawing: while time moves on, the path is moved and lengthened instead of
 * being made again. It is made anew as soon as something of what it shows is another: a point of the past, the scale.
 *
 * Points that share a column of half a pixel are drawn as the column's first, and then only those that make it taller:
 * more cannot be seen.
 */
export class LineTrace {
  #path = new Path2D();
  /** The times of the points in the path, and of its breaks. */
  #x: number[] = [];
  #projection: Projection | undefined;
  #epoch: string | undefined;
  /** Where the pen is, and between which heights its column has been drawn. Not a number after a break. */
  #column = Number.NaN;
  #top = 0;
  #least = 0;
  #greatest = 0;
  /** Where the line is in its column, though nothing more had to be drawn. */
  #last = 0;

  /**
   * The line through `y[from…to]`, which are settled, broken at each null; a hole is passed over.
   *
   * @param epoch as in `PictureRow`: the path goes on while it is the same.
   */
  place(
    x: readonly number[],
    y: readonly Cell[],
    from: number,
    to: number,
    projection: Projection,
    epoch: string | undefined,
  ): PlacedPath {
    const isSame = epoch !== undefined && epoch === this.#epoch && this.#goesOn(projection);
    let next = isSame ? this.#reach(x, from, to) : undefined;
    if (next === undefined) {
      this.#begin(projection);
      this.#epoch = epoch;
      next = from;
    }
    for (; next <= to; next++) {
      const value = y[next];
      if (value !== undefined) this.#add(x[next] ?? 0, value, projection);
    }
    // Half pixels, as within the path: a line does not change its look as it moves.
    const left = (this.#x[0] ?? 0) * projection.scaleX + projection.shiftX;
    return { path: this.#path, shift: Math.round(left * 2) / 2 };
  }

  #goesOn({ scaleX, scaleY, shiftY }: Projection): boolean {
    const before = this.#projection;
    if (before === undefined || before.scaleY !== scaleY || before.shiftY !== shiftY) return false;
    // The length of a span that ends now is a difference of large numbers.
    return Math.abs(scaleX / before.scaleX - 1) < SAME;
  }

  /** The index after the points that the path has already; undefined when it does not reach into the span from the left. */
  #reach(x: readonly number[], from: number, to: number): number | undefined {
    const [fromMs = 0, toMs = 0, first = 0, last = 0] = [x[from], x[to], this.#x[0], this.#x.at(-1)];
    if (fromMs < first || fromMs > last || toMs < last) return undefined;
    const left = lowerBound(this.#x, fromMs);
    if (left > Math.max(LEAST_LEFT_BEHIND, this.#x.length - left)) return undefined;
    return lowerBound(x, last) + 1;
  }

  #begin(projection: Projection): void {
    this.#path = new Path2D();
    this.#x = [];
    this.#projection = projection;
    this.#column = Number.NaN;
  }

  #add(x: number, value: number | null, { scaleX, scaleY, shiftY }: Projection): void {
    this.#x.push(x);
    if (value === null) {
      this.#leaveColumn();
      this.#column = Number.NaN;
      return;
    }
    const left = Math.round((x - (this.#x[0] ?? 0)) * scaleX * 2) / 2;
    const top = value * scaleY + shiftY;
    if (left === this.#column) {
      this.#last = top;
      if (top < this.#least || top > this.#greatest) this.#draw(left, top);
      return;
    }
    this.#leaveColumn();
    if (Number.isNaN(this.#column)) this.#path.moveTo(left, top);
    else this.#path.lineTo(left, top);
    this.#column = left;
    this.#top = this.#last = this.#least = this.#greatest = top;
  }

  /** The way on begins where the column's last point is, which may lie within what is drawn already. */
  #leaveColumn(): void {
    if (!Number.isNaN(this.#column) && this.#last !== this.#top) this.#draw(this.#column, this.#last);
  }

  #draw(left: number, top: number): void {
    this.#path.lineTo(left, top);
    this.#top = top;
    this.#least = Math.min(this.#least, top);
    this.#greatest = Math.max(this.#greatest, top);
  }
}
