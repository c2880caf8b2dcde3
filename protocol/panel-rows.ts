import type { Panel } from "./dashboard.ts";

/** Columns of a dashboard's grid on a wide screen. */
export const GRID_COLUMNS = 12;

/** The rows that the grid makes of `panels`: one after the other, as many side by side as have room. */
export function panelRows(panels: readonly Panel[]): Panel[][] {
  const rows: Panel[][] = [];
  let used = GRID_COLUMNS;
  for (const panel of panels) {
    if (used + panel.width > GRID_COLUMNS) {
      rows.push([]);
      used = 0;
    }
    rows.at(-1)?.push(panel);
    used += panel.width;
  }
  return rows;
}
