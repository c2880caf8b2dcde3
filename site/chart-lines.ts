import type uPlot from "uplot";
import { POINT_STATE } from "../protocol/series.ts";
import type { Picture, PictureRow } from "./picture.ts";
import { lowerBound, type Cell } from "./series.ts";

/** The last index that a solid line may reach: what comes after it is provisional. -1: all of it is. */
export function settledIndex({ y, s }: PictureRow): number {
  let index = y.length - 1;
  while (index >= 0 && (typeof y[index] !== "number" || s[index] === POINT_STATE.provisional)) index--;
  return index;
}

/** The fill below a line: one area fades towards the axis, several are laid over each other or stand on each other. */
export function areaFill(
  plot: uPlot,
  color: string,
  rows: "one" | "stacked" | "many",
): CanvasGradient | string {
  if (rows !== "one") return withAlpha(color, rows === "stacked" ? 0.3 : 0.1);
  const { top, height } = plot.bbox;
  const gradient = plot.ctx.createLinearGradient(0, top, 0, top + height);
  gradient.addColorStop(0, withAlpha(color, 0.28));
  gradient.addColorStop(1, withAlpha(color, 0.02));
  return gradient;
}

/** What a solid line does not say: the provisional end is dashed, revised points are ringed, the newest has a dot. */
export function paintLineMarks(
  plot: uPlot,
  picture: Picture,
  row: PictureRow,
  color: string,
  surface: string,
): void {
  const { ctx, bbox } = plot;
  const ratio = devicePixelRatio;
  ctx.save();
  ctx.beginPath();
  // As tall as the canvas and a little wider than the plot, so that a dot at its edge is round.
  ctx.rect(bbox.left, 0, bbox.width + 5 * ratio, bbox.top + bbox.height + 4 * ratio);
  ctx.clip();
  ctx.strokeStyle = color;
  ctx.lineWidth = 1.5 * ratio;
  paintProvisionalEnd(plot, picture, row, ratio);
  paintPoints(plot, picture, row, color, surface, ratio);
  paintHead(plot, picture, row, color, surface, ratio);
  ctx.restore();
}

function paintProvisionalEnd(plot: uPlot, { x }: Picture, row: PictureRow, ratio: number): void {
  const { ctx } = plot;
  const settled = settledIndex(row);
  let drawing = false;
  ctx.beginPath();
  for (let i = Math.max(0, settled); i < row.y.length; i++) {
    const value = row.y[i];
    if (value === null) drawing = false;
    if (typeof value !== "number") continue;
    const [left, top] = position(plot, x[i] ?? 0, value);
    if (drawing) ctx.lineTo(left, top);
    else ctx.moveTo(left, top);
    drawing = true;
  }
  ctx.setLineDash([2.5 * ratio, 2.5 * ratio]);
  ctx.globalAlpha = 0.75;
  ctx.stroke();
  ctx.setLineDash([]);
  ctx.globalAlpha = 1;
}

/** Revised points wear a ring; points with a break on either side, which a line alone would not show, are dots. */
function paintPoints(
  plot: uPlot,
  { x }: Picture,
  { y, s }: PictureRow,
  color: string,
  surface: string,
  ratio: number,
): void {
  const { ctx } = plot;
  const first = lowerBound(x, plot.scales["x"]?.min ?? 0);
  ctx.lineWidth = ratio;
  let afterBreak = true;
  for (let i = 0; i < y.length; i++) {
    const value = y[i];
    if (value === undefined) continue;
    const alone = afterBreak && value !== null && isBreakAfter(y, i);
    afterBreak = value === null;
    if (value === null || i < first || (!alone && s[i] !== POINT_STATE.revised)) continue;
    ctx.beginPath();
    ctx.arc(...position(plot, x[i] ?? 0, value), 2 * ratio, 0, 2 * Math.PI);
    ctx.fillStyle = s[i] === POINT_STATE.revised ? surface : color;
    ctx.fill();
    ctx.stroke();
  }
}

function isBreakAfter(y: readonly Cell[], index: number): boolean {
  for (let i = index + 1; i < y.length; i++) if (y[i] !== undefined) return y[i] === null;
  return true;
}

function paintHead(
  plot: uPlot,
  { x }: Picture,
  { y, s }: PictureRow,
  color: string,
  surface: string,
  ratio: number,
): void {
  let head = y.length - 1;
  while (head >= 0 && typeof y[head] !== "number") head--;
  const value = y[head];
  const { min = 0, max = 0 } = plot.scales["x"] ?? {};
  if (typeof value !== "number" || (x[head] ?? 0) < min || (x[head] ?? 0) > max) return;
  const { ctx } = plot;
  ctx.lineWidth = 1.5 * ratio;
  ctx.beginPath();
  ctx.arc(...position(plot, x[head] ?? 0, value), 2.5 * ratio, 0, 2 * Math.PI);
  ctx.fillStyle = s[head] === POINT_STATE.provisional ? surface : color;
  ctx.fill();
  ctx.stroke();
}

function position(plot: uPlot, ms: number, value: number): [left: number, top: number] {
  return [plot.valToPos(ms, "x", true), plot.valToPos(value, "y", true)];
}

/** `color` is `#rrggbb`, as the style sheet writes the series' colours. */
function withAlpha(color: string, alpha: number): string {
  const hex = Math.round(alpha * 255).toString(16);
  return color + hex.padStart(2, "0");
}
