import type uPlot from "uplot";
import { POINT_STATE } from "../protocol/series.ts";
import type { Picture, PictureRow } from "./picture.ts";

/** The last index that a solid line may reach: what comes after it is provisional. -1: all of it is. */
export function settledIndex({ y, s }: PictureRow): number {
  let index = y.length - 1;
  while (index >= 0 && (typeof y[index] !== "number" || s[index] === POINT_STATE.provisional)) index--;
  return index;
}

/** The fill below a line: one area fades towards the axis, several are laid thinly over each other. */
export function areaFill(plot: uPlot, color: string, rows: number): CanvasGradient | string {
  if (rows > 1) return withAlpha(color, 0.1);
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
  paintRevisions(plot, picture, row, surface, ratio);
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

function paintRevisions(
  plot: uPlot,
  { x }: Picture,
  { y, s }: PictureRow,
  surface: string,
  ratio: number,
): void {
  const { ctx } = plot;
  const { min = 0 } = plot.scales["x"] ?? {};
  ctx.fillStyle = surface;
  ctx.lineWidth = ratio;
  for (let i = y.length - 1; i >= 0 && (x[i] ?? 0) >= min; i--) {
    const value = y[i];
    if (s[i] !== POINT_STATE.revised || typeof value !== "number") continue;
    ctx.beginPath();
    ctx.arc(...position(plot, x[i] ?? 0, value), 2 * ratio, 0, 2 * Math.PI);
    ctx.fill();
    ctx.stroke();
  }
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
  if (typeof value !== "number" || (x[head] ?? 0) < (plot.scales["x"]?.min ?? 0)) return;
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
