import type { SealedPoint } from "../engine/sealed-point.ts";

/** Points, computed anew, for the place of all that a window object has of a metric with ends in `(afterMs, untilMs]`. */
export interface Replacement {
  metric: string;
  revision: number;
  afterMs: number;
  untilMs: number;
  /** Ascending in their ends. */
  points: SealedPoint[];
}

/**
 * What became of a {@link Replacement}. `later`: nothing was changed, the same may be asked again. `ended`: the metric is
 * another by now, or none.
 */
export type ReplaceOutcome = { type: "replaced" } | { type: "later"; reason: string } | { type: "ended" };

/** Where a metric stands in one of its window objects. */
export interface Sealing {
  /** Windows that end by this never change by themselves. */
  sealedEndMs: number;
  /** Of each partition the offset at which the definition begins; null: not known yet. */
  since: (number | null)[];
  /** Points are replaced in stretches of this length, see `rollup.ts`. */
  stretchMs: number;
}
