import type { Panel } from "../../protocol/dashboard.ts";
import { GRID_COLUMNS, panelRows } from "../../protocol/panel-rows.ts";

/**
 * The panels of a dashboard that are shown, in their order and without holes where the others stood: every row is as wide as the
 * grid, and its panels are equally high. A full row of which none is left out keeps together; what there is of others in between is
 * put together to the least height. Where all are shown, the grid is what its author made.
 */
export function packPanels(panels: readonly Panel[], isShown: (panel: Panel) => boolean): Panel[] {
  if (panels.every(isShown)) return [...panels];
  const rows: Panel[][] = [];
  let loose: Panel[] = [];
  for (const row of panelRows(panels)) {
    if (!row.every(isShown) || widthOf(row) < GRID_COLUMNS) loose.push(...row.filter(isShown));
    else {
      rows.push(...lowestRows(loose), row);
      loose = [];
    }
  }
  return [...rows, ...lowestRows(loose)].flatMap(filledRow);
}

/** Of all ways to break a list into rows, one of the least height in all. */
function lowestRows(panels: readonly Panel[]): Panel[][] {
  const best: { height: number; rows: Panel[][] }[] = [{ height: 0, rows: [] }];
  for (let end = 1; end <= panels.length; end++) {
    const ways = best.flatMap(({ height, rows }, start) => {
      const row = panels.slice(start, end);
      return widthOf(row) <= GRID_COLUMNS ? [{ height: height + heightOf(row), rows: [...rows, row] }] : [];
    });
    best.push(ways.reduce((least, way) => (way.height < least.height ? way : least)));
  }
  return best.at(-1)?.rows ?? [];
}

/** Columns that are left over go to the panels in the proportion of their widths. */
function filledRow(row: readonly Panel[]): Panel[] {
  const scale = GRID_COLUMNS / widthOf(row);
  const height = heightOf(row);
  let before = 0;
  return row.map((panel) => {
    const left = Math.round(before * scale);
    before += panel.width;
    return { ...panel, width: Math.round(before * scale) - left, height };
  });
}

function widthOf(row: readonly Panel[]): number {
  return row.reduce((sum, { width }) => sum + width, 0);
}

function heightOf(row: readonly Panel[]): number {
  return Math.max(...row.map(({ height }) => height));
}
