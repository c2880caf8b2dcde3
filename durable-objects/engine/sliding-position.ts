import { floorTo } from "./windows.ts";

/** The share of a window, its newest panes, that is never in the front. */
const YOUNG_SHARE = 1 / 4;

/**
 * The newest window in view, and how the panes below it are summed up: see `PaneColumn`. All of it follows from the
 * window's end, so that after a restart the same sums are in the same places.
 */
export class SlidingPosition {
  readonly #sizeMs: number;
  readonly #youngMs: number;
  readonly #frontStepMs: number;
  readonly #blockMs: number;
  /** The window is `[fromMs, endMs)`. */
  fromMs = 0;
  endMs = 0;
  /** Panes of the front that start before this have a suffix each, the others one for each block. */
  nearEndMs = 0;
  /** Panes that start before this are in the front, the others in the back. */
  frontEndMs = 0;
  /** Where the window before ended. */
  beforeEndMs = 0;
  /** Whether the last move took the front's end on. */
  isNewFront = false;
  /** Whether the last move came into another block. */
  isNewBlock = false;

  constructor(sizeMs: number, paneMs: number) {
    const panes = sizeMs / paneMs;
    const youngPanes = Math.ceil(panes * YOUNG_SHARE);
    this.#sizeMs = sizeMs;
    this.#youngMs = youngPanes * paneMs;
    this.#frontStepMs = (panes + 1 - youngPanes) * paneMs;
    this.#blockMs = Math.ceil(Math.sqrt(panes)) * paneMs;
  }

  moveTo(endMs: number): void {
    const fromMs = endMs - this.#sizeMs;
    const nearEndMs = floorTo(fromMs, this.#blockMs) + this.#blockMs;
    const frontEndMs = floorTo(endMs - this.#youngMs, this.#frontStepMs);
    this.beforeEndMs = this.endMs;
    this.isNewBlock = nearEndMs !== this.nearEndMs;
    this.isNewFront = frontEndMs !== this.frontEndMs;
    this.fromMs = fromMs;
    this.endMs = endMs;
    this.nearEndMs = nearEndMs;
    this.frontEndMs = frontEndMs;
  }

  /** Where the suffix begins that a pane of the front has or belongs to. */
  suffixOf(paneStartMs: number): number {
    return paneStartMs < this.nearEndMs ? paneStartMs : this.blockOf(paneStartMs);
  }

  /** Where the block begins that holds this time. */
  blockOf(ms: number): number {
    return floorTo(ms, this.#blockMs);
  }
}
