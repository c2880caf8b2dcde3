import type uPlot from "uplot";
import type { Cell } from "../series/series.ts";

/** How data become canvas pixels: `left = x * scaleX + shiftX`, likewise `top`. */
export interface Projection {
  scaleX: number;
  shiftX: number;
  scaleY: number;
  shiftY: number;
}

export function projectionOf(plot: uPlot): Projection {
  const { left, top, width, height } = plot.bbox;
  const { min: fromMs = 0, max: toMs = 1 } = plot.scales["x"] ?? {};
  const { min: low = 0, max: high = 1 } = plot.scales["y"] ?? {};
  const scaleX = width / (toMs - fromMs);
  const scaleY = -height / (high - low);
  return { scaleX, shiftX: left - fromMs * scaleX, scaleY, shiftY: top - high * scaleY };
}

/** The area between the line through `y` and `base`, a value or one for each point; each of its pieces by itself. */
export function areaPath(
  x: readonly number[],
  y: readonly Cell[],
  from: number,
  to: number,
  { scaleX, shiftX, scaleY, shiftY }: Projection,
  base: number | readonly number[],
): Path2D {
  const path = new Path2D();
  const piece: number[] = [];
  const baseTop = (i: number): number => (typeof base === "number" ? base : (base[i] ?? 0)) * scaleY + shiftY;
  const close = (): void => {
    // Back along the base; a straight one needs its two ends only.
    const step = typeof base === "number" ? Math.max(1, piece.length - 1) : 1;
    for (let k = piece.length - 1; k >= 0; k -= step) {
      const i = piece[k] ?? 0;
      path.lineTo((x[i] ?? 0) * scaleX + shiftX, baseTop(i));
    }
    piece.length = 0;
  };
  for (let i = from; i <= to; i++) {
    const value = y[i];
    if (value === undefined) continue;
    if (value === null) {
      close();
      continue;
    }
    const left = (x[i] ?? 0) * scaleX + shiftX;
    if (piece.length === 0) path.moveTo(left, value * scaleY + shiftY);
    else path.lineTo(left, value * scaleY + shiftY);
    piece.push(i);
  }
  close();
  return path;
}
