import uPlot from "uplot";
import { formatTick, type Unit } from "../format.ts";
import type { Palette } from "../theme.ts";
import { formatTimeTick, TIME_STEPS_MS } from "../time/time-axis.ts";

const TIME_LABEL_PX = 52;
const TIME_EVERY_PX = 68;

/** The axis of time, without labels that would be cut at the right edge. */
export function timeAxis(palette: () => Palette): uPlot.Axis {
  return {
    ...axis(palette),
    space: TIME_EVERY_PX,
    size: 26,
    incrs: TIME_STEPS_MS,
    grid: { show: false },
    values: (plot, splits, _axis, _space, stepMs) =>
      splits.map((ms) => {
        const room = plot.bbox.width / uPlot.pxRatio - plot.valToPos(ms, "x");
        return room < TIME_LABEL_PX / 2 ? "" : formatTimeTick(ms, stepMs);
      }),
  };
}

/** The axis of values; with `names`, of rows, from below. */
export function valueAxis(
  palette: () => Palette,
  ticks: () => number[],
  unit: () => Unit,
  names: ((plot: uPlot) => string[]) | undefined,
): uPlot.Axis {
  return {
    ...axis(palette),
    size: (plot, labels) => labelWidth(plot.ctx, labels, palette().font),
    grid: names === undefined ? { stroke: () => palette().grid, width: 1 } : { show: false },
    // The ticks are worked out before. Of uPlot's own increments none suits the largest numbers, and it would draw no tick.
    incrs: [Number.MAX_VALUE],
    splits: () => ticks(),
    values: (plot, splits) => names?.(plot) ?? splits.map((value) => formatTick(value, unit())),
  };
}

function axis(palette: () => Palette): uPlot.Axis {
  return {
    stroke: () => palette().muted,
    font: palette().font,
    gap: 8,
    ticks: { show: false },
    border: { show: false },
  };
}

/** Wide enough for the widest label, in steps of 8, so that the plot does not jump with each new number. */
function labelWidth(ctx: CanvasRenderingContext2D, labels: readonly string[] | null, font: string): number {
  if (labels === null || labels.length === 0) return 40;
  const widest = Math.max(...labels.map((label) => textWidth(ctx, label, font)));
  return Math.ceil((widest + 12) / 8) * 8;
}

/** Widths by font and text: measuring is slow, and ticks are the same for a long time. */
const widths = new Map<string, number>();
const MOST_WIDTHS = 2_000;

export function textWidth(ctx: CanvasRenderingContext2D, text: string, font: string): number {
  const name = `${font} ${text}`;
  let width = widths.get(name);
  if (width === undefined) {
    if (widths.size > MOST_WIDTHS) widths.clear();
    ctx.save();
    ctx.font = font;
    width = ctx.measureText(text).width;
    ctx.restore();
    widths.set(name, width);
  }
  return width;
}
