import type uPlot from "uplot";
import { POINT_STATE, type PointState } from "../../protocol/series.ts";
import type { Picture } from "../chart/picture.ts";
import { bounded } from "../chart/scale.ts";

/** A bar in canvas pixels, and the point that it stands for. */
export interface BarRect {
  index: number;
  left: number;
  top: number;
  width: number;
  height: number;
}

/**
 * The bars of one row that lie in view: each covers its step, `[t - stepMs, t]`. Without bases, bars of several rows
 * share their step side by side.
 */
export function barRects(
  plot: uPlot,
  picture: Picture,
  row: number,
  base: readonly number[] | undefined,
): BarRect[] {
  const { x, rows, stepMs } = picture;
  const { min = 0, max = 0 } = plot.scales["x"] ?? {};
  const abreast = base === undefined ? rows.length : 1;
  const rects: BarRect[] = [];
  for (const [index, value] of (rows[row]?.y ?? []).entries()) {
    const t = x[index] ?? 0;
    if (typeof value !== "number" || t <= min || t - stepMs >= max) continue;
    const start = plot.valToPos(t - stepMs, "x", true);
    const whole = (plot.valToPos(t, "x", true) - start) / abreast;
    // Edges on whole pixels: neighbours meet without a seam, and a gap appears as soon as there is room for one. Bars
    // abreast that are narrower than a pixel would hide each other there.
    const isThin = abreast > 1 && whole < 1;
    const edge = (px: number): number => (isThin ? px : Math.round(px));
    const left = edge(start + (abreast > 1 ? whole * row : 0));
    const right = edge(start + (abreast > 1 ? whole * (row + 1) : whole));
    const gap = whole > 12 ? 2 : whole > 4 ? 1 : 0;
    const width = isThin ? right - left : Math.max(1, right - left - gap);
    const from = base?.[index] ?? 0;
    const bottom = plot.valToPos(from, "y", true);
    const top = plot.valToPos(bounded(from + value), "y", true);
    rects.push({ index, left, top, width, height: bottom - top });
  }
  return rects;
}

/** The bars that count for good, as one path. */
export function fillRects(rects: readonly BarRect[], picture: Picture, row: number): Path2D {
  const path = new Path2D();
  for (const { index, left, top, width, height } of rects) {
    if (picture.rows[row]?.s[index] !== POINT_STATE.provisional) path.rect(left, top, width, height);
  }
  return path;
}

/** Provisional bars are hollow; revised ones wear a line on top. */
export function paintBarMarks(
  plot: uPlot,
  rects: readonly BarRect[],
  states: readonly PointState[],
  color: string,
  mark: string,
): void {
  const { ctx, bbox } = plot;
  const ratio = devicePixelRatio;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  for (const { index, left, top, width, height } of rects) {
    const state = states[index];
    if (state === POINT_STATE.provisional) {
      ctx.fillStyle = color;
      ctx.globalAlpha = 0.25;
      ctx.fillRect(left, top, width, height);
      ctx.globalAlpha = 0.9;
      ctx.strokeStyle = color;
      ctx.lineWidth = ratio;
      if (width > 4 * ratio && height > 2 * ratio) {
        ctx.strokeRect(left + ratio / 2, top + ratio / 2, width - ratio, height - ratio);
      }
      ctx.globalAlpha = 1;
    } else if (state === POINT_STATE.revised) {
      ctx.fillStyle = mark;
      ctx.globalAlpha = 0.7;
      ctx.fillRect(left, top, width, Math.min(1.5 * ratio, height));
      ctx.globalAlpha = 1;
    }
  }
  ctx.restore();
}
