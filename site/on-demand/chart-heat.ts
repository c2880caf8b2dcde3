import type uPlot from "uplot";
import { POINT_STATE } from "../../protocol/series.ts";
import { textWidth } from "../chart/chart-axes.ts";
import type { Picture } from "../chart/picture.ts";
import { lowerBound } from "../series/series.ts";
import type { Palette } from "../theme.ts";
import "../styles/heat.css";

/** A cell narrower than this in CSS pixels cannot be told from its neighbours: several points share one. */
const LEAST_CELL_PX = 5;
/** How high and wide a row's name may be, with the room to its neighbour. */
const NAME_PX = { height: 14, width: 120 };
/** Seams between narrower cells would be all that is seen. */
const SEAM_FROM_PX = 14;

/** One cell: the greatest value of a row's points in a stretch of time. */
export interface HeatCell {
  row: number;
  fromMs: number;
  toMs: number;
  value: number;
  provisional: boolean;
  revised: boolean;
}

/** The cells between `fromMs` and `toMs`; each is `cellMs` long, a multiple of the points' distance. */
export function heatCells({ x, rows }: Picture, fromMs: number, toMs: number, cellMs: number): HeatCell[] {
  const first = lowerBound(x, fromMs);
  const end = lowerBound(x, toMs + cellMs);
  return rows.flatMap(({ y, s }, row) => {
    const cells: HeatCell[] = [];
    let cell: HeatCell | undefined;
    for (let i = first; i < end; i++) {
      const value = y[i];
      if (typeof value !== "number") continue;
      const cellEnd = Math.ceil((x[i] ?? 0) / cellMs) * cellMs;
      if (cell?.toMs !== cellEnd) {
        cell = { row, fromMs: cellEnd - cellMs, toMs: cellEnd, value, provisional: false, revised: false };
        cells.push(cell);
      }
      if (value > cell.value) cell.value = value;
      cell.provisional ||= s[i] === POINT_STATE.provisional;
      cell.revised ||= s[i] === POINT_STATE.revised;
    }
    return cells;
  });
}

/**
 * Draws a picture as rows of cells, the darker or brighter the greater; open ones are paler, revised ones have a corner.
 *
 * @param isCounts of events: where there are none there is no cell, and a single one can be seen beside many.
 */
export function paintHeat(plot: uPlot, picture: Picture, palette: Palette, isCounts: boolean): void {
  const { ctx, bbox } = plot;
  const { min = 0, max = 1 } = plot.scales["x"] ?? {};
  const pixelMs = (max - min) / (bbox.width / devicePixelRatio);
  // Counts would have to be added up: their columns are wide enough as they come.
  const cellMs = isCounts ? picture.stepMs : heatCellMs(picture.stepMs, pixelMs);
  const cells = heatCells(picture, min, max, cellMs);
  const share = heatShare(cells);
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  for (const { row, fromMs, toMs, value, provisional, revised } of cells) {
    if (isCounts && value <= 0) continue;
    const left = Math.round(plot.valToPos(fromMs, "x", true));
    const room = Math.round(plot.valToPos(toMs, "x", true)) - left;
    const width = room - (room > SEAM_FROM_PX * devicePixelRatio ? devicePixelRatio : 0);
    const top = Math.round(plot.valToPos(row + 1, "y", true));
    const height = Math.max(1, Math.round(plot.valToPos(row, "y", true)) - top - devicePixelRatio);
    ctx.globalAlpha = provisional ? 0.55 : 1;
    ctx.fillStyle = (isCounts ? countColor : heatColor)(palette.heat, share(value));
    ctx.fillRect(left, top, width, height);
    if (revised) paintCorner(ctx, left, top, 4 * devicePixelRatio, palette.text);
  }
  ctx.restore();
}

/** How long a cell is when a CSS pixel is `pixelMs` long. */
export function heatCellMs(stepMs: number, pixelMs: number): number {
  return Math.max(1, Math.ceil((LEAST_CELL_PX * pixelMs) / stepMs)) * stepMs;
}

/** Where values lie from the least of the cells', or zero, to the greatest, or zero: 0 to 1. */
export function heatShare(cells: readonly Pick<HeatCell, "value">[]): (value: number) => number {
  const least = Math.min(0, ...cells.map(({ value }) => value));
  const greatest = Math.max(0, ...cells.map(({ value }) => value));
  if (least === greatest) return () => 0;
  // Halves: the distance of two doubles may be none.
  return (value) => (value / 2 - least / 2) / (greatest / 2 - least / 2);
}

/** The names of rows as they stand on the axis: long ones shortened, and of rows that are lower than a name each so-manieth. */
export function rowNames({ ctx, bbox }: uPlot, names: readonly string[], font: string): string[] {
  const widthOf = (text: string): number => textWidth(ctx, text, font);
  const every = namedEvery(names.length, bbox.height / devicePixelRatio);
  return names.map((name, i) => (i % every === 0 ? shortened(name, NAME_PX.width, widthOf) : ""));
}

export function namedEvery(rows: number, heightPx: number): number {
  return Math.max(1, Math.ceil((rows * NAME_PX.height) / heightPx));
}

/** The beginning of a text that is too long for its room. */
export function shortened(text: string, mostPx: number, widthOf: (text: string) => number): string {
  if (widthOf(text) <= mostPx) return text;
  let { length } = text;
  while (length > 1 && widthOf(`${text.slice(0, length)}…`) > mostPx) length--;
  return `${text.slice(0, length)}…`;
}

/** The colour of a share from 0 to 1 of the greatest value. */
export function heatColor(heat: readonly string[], share: number): string {
  const level = Math.round(Math.min(1, Math.max(0, share)) * (heat.length - 1));
  return heat[level] ?? "gray";
}

/** The colour of a share of the greatest count: by its root, and never the palest, which is hardly seen. */
export function countColor([, ...heat]: readonly string[], share: number): string {
  return heatColor(heat, Math.sqrt(share));
}

function paintCorner(
  ctx: CanvasRenderingContext2D,
  left: number,
  top: number,
  size: number,
  color: string,
): void {
  ctx.globalAlpha = 0.8;
  ctx.fillStyle = color;
  ctx.beginPath();
  ctx.moveTo(left, top);
  ctx.lineTo(left + size, top);
  ctx.lineTo(left, top + size);
  ctx.fill();
}
