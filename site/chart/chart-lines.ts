import type uPlot from "uplot";
import { POINT_STATE } from "../../protocol/series.ts";
import { areaPath, projectionOf, type Projection } from "./chart-paths.ts";
import { LineTrace } from "./line-trace.ts";
import { settledIndex, type Picture, type PictureRow } from "./picture.ts";
import { lowerBound, type Cell } from "../series/series.ts";

const MOST_BOLD_POINTS = 1_000;

/** The fill below a line: one area fades towards the axis, several are laid over each other or stand on each other. */
function areaFill(plot: uPlot, color: string, rows: number, stacked: boolean): CanvasGradient | string {
  if (rows > 1) return withAlpha(color, stacked ? 0.3 : 0.1);
  const { top, height } = plot.bbox;
  const gradient = plot.ctx.createLinearGradient(0, top, 0, top + height);
  gradient.addColorStop(0, withAlpha(color, 0.28));
  gradient.addColorStop(1, withAlpha(color, 0.02));
  return gradient;
}

/** Draws the settled part of each row as a solid line, with the area below it where there is one. `traces`: what is kept of each row. */
export function paintLines(
  plot: uPlot,
  { x, rows }: Picture,
  traces: LineTrace[],
  color: (row: number) => string,
  area: { bases: readonly (readonly number[])[] } | undefined,
): void {
  const { ctx, bbox } = plot;
  const { min = 0, max = 0 } = plot.scales["x"] ?? {};
  // With the points next to the plot on either side: lines come and go at its edges.
  const from = Math.max(0, lowerBound(x, min) - 1);
  const to = lowerBound(x, max);
  const projection = projectionOf(plot);
  traces.length = rows.length;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, 0, bbox.width, bbox.top + bbox.height + 2 * devicePixelRatio);
  ctx.clip();
  ctx.lineJoin = ctx.lineCap = "round";
  ctx.lineWidth = lineWidth(x.length * rows.length) * devicePixelRatio;
  for (const [index, row] of rows.entries()) {
    const end = Math.min(to, settledIndex(row));
    if (end < from) continue;
    if (area !== undefined) {
      ctx.fillStyle = areaFill(plot, color(index), rows.length, area.bases.length > 0);
      ctx.fill(areaPath(x, row.y, from, end, projection, area.bases[index] ?? 0));
    }
    const { path, shift } = (traces[index] ??= new LineTrace()).place(
      x,
      row.y,
      from,
      end,
      projection,
      row.epoch,
    );
    ctx.strokeStyle = color(index);
    ctx.translate(shift, 0);
    ctx.stroke(path);
    ctx.translate(-shift, 0);
  }
  ctx.restore();
}

/** What marks are painted with. */
interface Pen extends Projection {
  ctx: CanvasRenderingContext2D;
  ratio: number;
  /** The drawn span of time. */
  min: number;
  max: number;
  surface: string;
}

/** What a solid line does not say: the provisional end is dashed, revised points are ringed, the newest has a dot. */
export function paintLineMarks(
  plot: uPlot,
  picture: Picture,
  color: (row: number) => string,
  surface: string,
): void {
  const { ctx, bbox } = plot;
  const { min = 0, max = 0 } = plot.scales["x"] ?? {};
  const ratio = devicePixelRatio;
  const pen: Pen = { ...projectionOf(plot), ctx, ratio, min, max, surface };
  ctx.save();
  ctx.beginPath();
  // As tall as the canvas and a little wider than the plot, so that a dot at its edge is round.
  ctx.rect(bbox.left, 0, bbox.width + 5 * ratio, bbox.top + bbox.height + 4 * ratio);
  ctx.clip();
  ctx.lineWidth = 1.5 * ratio;
  // All of one look after the other: a change of look costs as much as what is drawn.
  ctx.setLineDash([2.5 * ratio, 2.5 * ratio]);
  ctx.globalAlpha = 0.75;
  for (const [index, row] of picture.rows.entries()) {
    ctx.strokeStyle = color(index);
    paintProvisionalEnd(pen, picture, row);
  }
  ctx.setLineDash([]);
  ctx.globalAlpha = 1;
  for (const [index, row] of picture.rows.entries()) {
    const stroke = color(index);
    ctx.strokeStyle = stroke;
    paintPoints(pen, picture, row, stroke);
    paintHead(pen, picture, row, stroke);
  }
  ctx.restore();
}

/**
 * Lines of one pixel are drawn by a quick way of their own, twenty times as fast as thicker ones: without a graphics card
 * these take a frame each, once there are many points.
 */
function lineWidth(points: number): number {
  return points > MOST_BOLD_POINTS ? 1 : 1.5;
}

function paintProvisionalEnd(pen: Pen, { x, stepMs }: Picture, row: PictureRow): void {
  const { ctx, max, scaleX, shiftX, scaleY, shiftY } = pen;
  let drawing = false;
  ctx.beginPath();
  for (let i = Math.max(0, settledIndex(row)); i < row.y.length; i++) {
    const value = row.y[i];
    if (value === null) drawing = false;
    if (typeof value !== "number") continue;
    const ms = x[i] ?? 0;
    const top = value * scaleY + shiftY;
    // A first window that ends beyond the plot is level: there would be nothing to see of it.
    if (!drawing) ctx.moveTo((ms > max ? ms - stepMs : ms) * scaleX + shiftX, top);
    ctx.lineTo(ms * scaleX + shiftX, top);
    drawing = true;
  }
  ctx.stroke();
}

/** Revised points wear a ring; points with a break on either side, which a line alone would not show, are dots. */
function paintPoints(pen: Pen, { x }: Picture, { y, s }: PictureRow, stroke: string): void {
  // Most rows have neither, and are many.
  if (!s.includes(POINT_STATE.revised) && !y.includes(null)) return;
  const { ctx, ratio } = pen;
  const first = lowerBound(x, pen.min);
  ctx.lineWidth = ratio;
  let afterBreak = true;
  for (let i = 0; i < y.length; i++) {
    const value = y[i];
    if (value === undefined) continue;
    const alone = afterBreak && value !== null && isBreakAfter(y, i);
    afterBreak = value === null;
    if (value === null || i < first || (!alone && s[i] !== POINT_STATE.revised)) continue;
    paintDot(pen, x[i] ?? 0, value, 2, s[i] === POINT_STATE.revised ? pen.surface : stroke);
  }
  ctx.lineWidth = 1.5 * ratio;
}

function isBreakAfter(y: readonly Cell[], index: number): boolean {
  for (let i = index + 1; i < y.length; i++) if (y[i] !== undefined) return y[i] === null;
  return true;
}

function paintHead(pen: Pen, { x }: Picture, { y, s }: PictureRow, stroke: string): void {
  let head = y.length - 1;
  while (head >= 0 && typeof y[head] !== "number") head--;
  const value = y[head];
  const ms = x[head] ?? 0;
  if (typeof value !== "number" || ms < pen.min || ms > pen.max) return;
  paintDot(pen, ms, value, 2.5, s[head] === POINT_STATE.provisional ? pen.surface : stroke);
}

function paintDot(pen: Pen, ms: number, value: number, radius: number, fill: string): void {
  const { ctx, ratio } = pen;
  ctx.beginPath();
  ctx.arc(ms * pen.scaleX + pen.shiftX, value * pen.scaleY + pen.shiftY, radius * ratio, 0, 2 * Math.PI);
  ctx.fillStyle = fill;
  ctx.fill();
  ctx.stroke();
}

/** `color` is `#rrggbb`, as the style sheet writes the series' colours. */
function withAlpha(color: string, alpha: number): string {
  const hex = Math.round(alpha * 255).toString(16);
  return color + hex.padStart(2, "0");
}
