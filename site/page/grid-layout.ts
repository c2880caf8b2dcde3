import type { Panel } from "../../protocol/dashboard.ts";
import { panelRows } from "../../protocol/panel-rows.ts";

/** A panel's columns: of 12 on a wide screen, of 6 on a tablet. A phone has one column. */
export interface PanelSpan {
  wide: number;
  tablet: number;
}

/** Panels that stand side by side on a tablet at most: narrower ones cannot be read. */
const MOST_ABREAST = 3;
const TABLET_COLUMNS = 6;

/**
 * Fits a dashboard made for 12 columns into 6. Each of its rows is scaled down where that leaves its panels wide
 * enough, and otherwise broken into rows of equal parts, so that no row ends in a hole.
 */
export function panelSpans(panels: readonly Panel[]): PanelSpan[] {
  return panelRows(panels).flatMap((row) => {
    const tablet = row.length <= MOST_ABREAST ? scaled(row) : broken(row.length);
    return row.map(({ width }, i) => ({ wide: width, tablet: tablet[i] ?? TABLET_COLUMNS }));
  });
}

/** How many rows of the grid `panels` take on a wide screen. */
export function gridRows(panels: readonly Panel[]): number {
  return panelRows(panels).reduce((sum, row) => sum + Math.max(...row.map(({ height }) => height)), 0);
}

/** Half of each width, at least 2; what that leaves over or takes too much is settled with the widest. */
function scaled(row: readonly Panel[]): number[] {
  const spans = row.map(({ width }) => Math.max(2, Math.round(width / 2)));
  const full = row.reduce((sum, { width }) => sum + width, 0) === 12;
  const sum = spans.reduce((total, span) => total + span, 0);
  if (full || sum > TABLET_COLUMNS) {
    const widest = spans.indexOf(Math.max(...spans));
    spans[widest] = (spans[widest] ?? 0) + TABLET_COLUMNS - sum;
  }
  return spans;
}

/** Equal parts: four become two rows of two, five a row of three and one of two. */
function broken(count: number): number[] {
  const spans: number[] = [];
  for (let left = count; left > 0;) {
    const abreast = left === 4 || left === 2 ? 2 : Math.min(MOST_ABREAST, left);
    spans.push(...Array.from({ length: abreast }, () => TABLET_COLUMNS / abreast));
    left -= abreast;
  }
  return spans;
}
