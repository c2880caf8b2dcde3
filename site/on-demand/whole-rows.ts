/** How high rows are, what lies between two, what stands above them, and a line below; CSS pixels, as the style sheets have them. */
interface RowSizes {
  rowPx: number;
  gapPx: number;
  headPx: number;
  notePx: number;
}

const LIST_ROWS: RowSizes = { rowPx: 32, gapPx: 4, headPx: 0, notePx: 20 };
export const TABLE_ROWS: RowSizes = { rowPx: 31, gapPx: 0, headPx: 30, notePx: 36 };

/** How many of `count` rows are shown whole in a height, where nobody scrolls: one at least, and a line for the rest. */
export function wholeRows(
  count: number,
  heightPx: number,
  { rowPx, gapPx, headPx, notePx }: RowSizes = LIST_ROWS,
): number {
  const roomPx = heightPx - headPx;
  const isAll = heightPx === 0 || count * rowPx - gapPx <= roomPx;
  return isAll ? count : Math.max(1, Math.floor((roomPx - notePx) / rowPx));
}
