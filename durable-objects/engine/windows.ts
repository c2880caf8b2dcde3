import type { Accumulator, Encoded } from "./aggregates/aggregate.ts";
import type { MetricPartial } from "./partials.ts";

/** What taking a partial came to. */
export interface Taken {
  /** Events of which every window was sealed. */
  late: number;
  /** Times that a group's share was folded into `__other__`. */
  folded: number;
  /** Events that could not be kept for want of memory. */
  dropped: number;
}

/** Called for each group of each window that changes. */
export type Touch = (endMs: number, key: string) => void;

/**
 * The windows of one metric that are not sealed, by their ends. One class for each type of window; what state a
 * window is in, and what has been told of it, is {@link MetricWindows}' matter.
 */
export interface Windows {
  /** Takes what a range held, but for what belongs to sealed windows only. */
  apply(partial: MetricPartial, touch: Touch): Taken;
  /**
   * Windows that end at `visibleEnd` or before come into view.
   *
   * @param reachedMs how far event time has come.
   */
  show(visibleEnd: number, reachedMs: number, touch: Touch): Taken;
  /** Ends in `(after, through]` of the windows that hold something, in view or not, ascending. */
  ends(after: number, through: number): Iterable<number>;
  /** The aggregates of a window in view, group by group. Read only. */
  at(endMs: number): ReadonlyMap<string, Accumulator>;
  /**
   * Forgets the windows that end at `sealedEnd` or before; events of theirs are late from then on.
   *
   * @returns how many groups were folded only now.
   */
  seal(sealedEnd: number): number;
  /** The state, for the constructor: any JSON. */
  encode(): EncodedWindows;
  /** Gives back all memory. */
  release(): void;
}

/** Panes, windows or sessions by group: `[group key, numbers, states]`. */
export interface EncodedWindows {
  sealedEnd: number;
  groups: [key: string, at: number[], states: Encoded[]][];
}

/** The greatest multiple of `step` that is not above `value`. */
export function floorTo(value: number, step: number): number {
  return Math.floor(value / step) * step;
}

/** The least multiple of `step` that is not below `value`. */
export function ceilTo(value: number, step: number): number {
  return Math.ceil(value / step) * step;
}
