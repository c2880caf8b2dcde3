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

/** What is shown, in words. `isHeld`: to a name or a condition. */
export function tailNote(rows: TailRows, isHeld: boolean): string {
  if (rows.cursor === undefined) return "Looking at the newest events…";
  const sampled = leftOut(rows);
  if (sampled !== undefined) return sampled;
  if (rows.rows.length > 0) {
    return isHeld
      ? "All that match of the newest events, and all that come since; the newest on top."
      : "All that come are shown, the newest on top.";
  }
  return isHeld ? "None of the newest events matches, and none that came since." : "No event has come yet.";
}

/** What was left out, in words; undefined: nothing. */
function leftOut({ matched, shown, skippedRecords }: TailRows): string | undefined {
  const parts = [
    matched > shown ? `${matched - shown} matching events not shown` : "",
    skippedRecords > 0 ? `${skippedRecords} records passed over` : "",
  ].filter((part) => part !== "");
  return parts.length === 0 ? undefined : `A sample: ${parts.join(", ")}, because too many came at once.`;
}
