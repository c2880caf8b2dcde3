/** A panel's place on the page. */
export interface Place {
  index: number;
  left: number;
  top: number;
  right: number;
  bottom: number;
}

/** The panel that a point is over, or else the nearest one. */
export function placeAt(places: readonly Place[], x: number, y: number): number | undefined {
  let nearest: number | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const { index, left, top, right, bottom } of places) {
    const dx = Math.max(left - x, 0, x - right);
    const dy = Math.max(top - y, 0, y - bottom);
    const distance = dx * dx + dy * dy;
    if (distance < least) [nearest, least] = [index, distance];
  }
  return nearest;
}

/** Where a panel that is let go at a point goes to. */
export function dropIndex(grid: HTMLElement, x: number, y: number): number | undefined {
  const cards = [...grid.querySelectorAll<HTMLElement>("[data-edit]")];
  return placeAt(
    cards.map((card) => {
      const { left, top, right, bottom } = card.getBoundingClientRect();
      return { index: Number(card.dataset["edit"]), left, top, right, bottom };
    }),
    x,
    y,
  );
}

/** Pixels of one of the twelve columns and of one row, gaps included. A phone has one column: no width can be drawn there. */
export function columnWidth(grid: HTMLElement): { column: number; row: number } {
  const { columnGap, rowGap, gridAutoRows, gridTemplateColumns } = getComputedStyle(grid);
  const gap = Number.parseFloat(columnGap) || 0;
  const row = (Number.parseFloat(gridAutoRows) || 100) + (Number.parseFloat(rowGap) || 0);
  const isOne = gridTemplateColumns.trim().split(/\s+/).length === 1;
  return { column: isOne ? Number.POSITIVE_INFINITY : (grid.clientWidth + gap) / 12, row };
}

const EDGE = 80;
const MOST_SCROLL = 14;

/** How far the page moves under a panel that is held near the window's top or bottom, in pixels a frame. */
export function edgeScroll(y: number, height: number): number {
  const depth = Math.max(0, EDGE - y) - Math.max(0, EDGE - (height - y));
  return -Math.round((MOST_SCROLL * Math.max(-EDGE, Math.min(EDGE, depth))) / EDGE);
}
