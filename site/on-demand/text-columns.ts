/** One text of a line. */
export interface Cell {
  text: string;
  /** Figures stand at the right of their column. */
  isFigure: boolean;
}

/** Where a column of texts lies, from the left edge. */
export interface TextColumn {
  left: number;
  right: number;
}

const GAP_PX = 12;
/** A longer text is shortened where there is no room for it. */
const LONGEST_PX = 240;

/**
 * Columns that are as wide as their widest text and do not overlap. They fill `roomPx` where they need less, the first with
 * what is left over; where they need more, long texts have less.
 */
export function columnsOf(
  lines: readonly (readonly Cell[])[],
  widthOf: (text: string) => number,
  roomPx: number,
): TextColumn[] {
  const count = Math.max(0, ...lines.map((cells) => cells.length));
  const needed = Array.from({ length: count }, (_, i) =>
    Math.ceil(Math.max(...lines.map((cells) => widthOf(cells[i]?.text ?? "")))),
  );
  const gaps = GAP_PX * (count - 1);
  const isNarrow = sum(needed) + gaps > roomPx;
  const widths = isNarrow ? needed.map((width) => Math.min(width, LONGEST_PX)) : needed;
  widths[0] = (widths[0] ?? 0) + Math.max(0, roomPx - gaps - sum(widths));
  let left = 0;
  return widths.slice(0, count).map((width) => {
    const column = { left, right: left + width };
    left = column.right + GAP_PX;
    return column;
  });
}

function sum(widths: readonly number[]): number {
  return widths.reduce((total, width) => total + width, 0);
}
