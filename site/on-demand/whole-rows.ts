/** Of a row of a top list and what lies between two, in CSS pixels, as the style sheet has them. */
const ROW_PX = 32;
const GAP_PX = 4;
const NOTE_PX = 20;

/** How many of `count` rows are shown whole in a height, where nobody scrolls: one at least, and a line for the rest. */
export function wholeRows(count: number, heightPx: number): number {
  const isAll = heightPx === 0 || count * ROW_PX - GAP_PX <= heightPx;
  return isAll ? count : Math.max(1, Math.floor((heightPx - NOTE_PX) / ROW_PX));
}
