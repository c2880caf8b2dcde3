import type uPlot from "uplot";
import type { Threshold } from "../../protocol/panel-marks.ts";
import type { ChartMarks } from "../chart/chart-marks.ts";
import type { ChartMark } from "../slots.ts";
import type { Palette } from "../theme.ts";

const SHADE_ALPHA = 0.07;

/** Draws marks over the data; `timesOnly`: where the axis is not one of values. */
export function paintMarks(plot: uPlot, marks: ChartMarks, palette: Palette, timesOnly: boolean): void {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top - 6 * devicePixelRatio, bbox.width, bbox.height + 6 * devicePixelRatio);
  ctx.clip();
  if (!timesOnly) for (const threshold of marks.thresholds) paintThreshold(plot, threshold, palette);
  for (const mark of marks.events) paintEvent(plot, mark, palette);
  ctx.restore();
}

function paintThreshold(plot: uPlot, { value, tone, when, label }: Threshold, palette: Palette): void {
  const { min = 0, max = 0 } = plot.scales["y"] ?? {};
  if (value < min || value > max) return;
  const { ctx, bbox } = plot;
  const top = Math.round(plot.valToPos(value, "y", true));
  ctx.fillStyle = ctx.strokeStyle = tone === "critical" ? palette.critical : palette.warning;
  ctx.globalAlpha = SHADE_ALPHA;
  const bottom = bbox.top + bbox.height;
  ctx.fillRect(
    bbox.left,
    when === "above" ? bbox.top : top,
    bbox.width,
    when === "above" ? top - bbox.top : bottom - top,
  );
  ctx.globalAlpha = 0.85;
  ctx.lineWidth = devicePixelRatio;
  dashedLine(ctx, bbox.left, top, bbox.left + bbox.width, top);
  if (label === undefined) return;
  ctx.globalAlpha = 1;
  ctx.font = scaledFont(palette.font);
  ctx.textAlign = "left";
  ctx.textBaseline = "bottom";
  ctx.fillText(label, bbox.left + 4 * devicePixelRatio, top - 2 * devicePixelRatio);
}

function paintEvent(plot: uPlot, { at, to, tone }: ChartMark, palette: Palette): void {
  const { min = 0, max = 0 } = plot.scales["x"] ?? {};
  if ((to ?? at) < min || at > max) return;
  const { ctx, bbox } = plot;
  const left = Math.round(plot.valToPos(at, "x", true));
  ctx.fillStyle = ctx.strokeStyle =
    tone === "alert" ? palette.critical : tone === "warning" ? palette.warning : palette.muted;
  if (to !== undefined) {
    ctx.globalAlpha = SHADE_ALPHA * 2;
    ctx.fillRect(left, bbox.top, plot.valToPos(to, "x", true) - left, bbox.height);
  }
  ctx.globalAlpha = 0.9;
  ctx.lineWidth = devicePixelRatio;
  dashedLine(ctx, left, bbox.top, left, bbox.top + bbox.height);
  const size = 4 * devicePixelRatio;
  ctx.beginPath();
  ctx.moveTo(left - size, bbox.top - size);
  ctx.lineTo(left + size, bbox.top - size);
  ctx.lineTo(left, bbox.top + size);
  ctx.fill();
  ctx.globalAlpha = 1;
}

function dashedLine(ctx: CanvasRenderingContext2D, x1: number, y1: number, x2: number, y2: number): void {
  ctx.setLineDash([4 * devicePixelRatio, 3 * devicePixelRatio]);
  ctx.beginPath();
  ctx.moveTo(x1, y1);
  ctx.lineTo(x2, y2);
  ctx.stroke();
  ctx.setLineDash([]);
}

/** A font of CSS pixels in canvas pixels. */
function scaledFont(font: string): string {
  return font.replace(/^(\d+)px/, (_, size: string) => `${Number(size) * devicePixelRatio}px`);
}
