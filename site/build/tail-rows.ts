import type { TailAnswer, TailEvent } from "../../protocol/observe.ts";

/** What the tail shows: the newest first, and what was passed over since it was opened. */
export interface TailRows {
  rows: readonly TailEvent[];
  cursor: string | undefined;
  /** Matching events since it was opened; beyond those shown they were not drawn. */
  matched: number;
  shown: number;
  skippedRecords: number;
}

const MOST_ROWS = 200;

export const NO_ROWS: TailRows = { rows: [], cursor: undefined, matched: 0, shown: 0, skippedRecords: 0 };

/** Takes an answer in. */
export function withAnswer(before: TailRows, { events, cursor, matched, sample }: TailAnswer): TailRows {
  // The first answer is of what was there before anybody looked: that it is not all is no loss.
  const isFirst = before.cursor === undefined;
  return {
    rows: [...events.toReversed(), ...before.rows].slice(0, MOST_ROWS),
    cursor,
    matched: before.matched + (isFirst ? events.length : matched),
    shown: before.shown + events.length,
    skippedRecords: before.skippedRecords + sample.skippedRecords,
  };
}

/** What was left out, in words; undefined: nothing. */
export function leftOut({ matched, shown, skippedRecords }: TailRows): string | undefined {
  const parts = [
    matched > shown ? `${matched - shown} matching events not shown` : "",
    skippedRecords > 0 ? `${skippedRecords} records passed over` : "",
  ].filter((part) => part !== "");
  return parts.length === 0 ? undefined : `A sample: ${parts.join(", ")}, because too many came at once.`;
}
