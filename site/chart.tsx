import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { barRects, fillRects, paintBarMarks, stackBases, type BarRect } from "./chart-bars.ts";
import { areaFill, paintLineMarks, settledIndex } from "./chart-lines.ts";
import { formatTick, roundBase, type Unit } from "./format.ts";
import { lowerBound } from "./series.ts";
import { valueRange, type Picture } from "./picture.ts";
import { niceScale, type NiceScale } from "./scale.ts";
import { readPalette, theme, type Palette } from "./theme.ts";
import { formatTime, TIME_STEPS_MS } from "./time-axis.ts";

export type ChartKind = "line" | "area" | "bars" | "spark";

/** Everything that one drawing depends on. */
export interface ChartInput {
  kind: ChartKind;
  picture: Picture;
  /** Each row's colour. */
  slots: readonly number[];
  /** The drawn span of time. */
  fromMs: number;
  toMs: number;
  unit: Unit;
}

export interface ChartProps extends ChartInput {
  /** What the chart shows, for those who cannot see it. */
  label: string;
  /** The row of the picture under the pointer, or undefined. */
  onHover?: (index: number | undefined) => void;
}

/** A chart that is drawn anew with every render, on one uPlot that stays. */
export function Chart({ label, onHover, ...input }: ChartProps) {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<ChartView>(undefined);
  const hover = useRef(onHover);
  hover.current = onHover;

  useLayoutEffect(() => {
    if (host.current === null) return;
    const created = new ChartView(host.current, (index) => hover.current?.(index));
    view.current = created;
    return () => created.destroy();
  }, []);
  useLayoutEffect(() => view.current?.draw(input));
  useEffect(() => theme.subscribe(() => view.current?.repaint()), []);

  return <div class="chart" ref={host} role="img" aria-label={label} />;
}

/** Room around the plot in CSS pixels: the top line and the newest point are drawn whole. */
const EDGE_PX = 6;
const PADDING: uPlot.Padding = [8, EDGE_PX, 0, 0];
const TIME_LABEL_PX = 52;
const TICK_EVERY_PX = 52;
/** Never undefined in the build that the package ships; the types allow for smaller ones. */
const linear: uPlot.Series.PathBuilder = uPlot.paths.linear?.() ?? (() => null);

class ChartView {
  readonly #host: HTMLElement;
  readonly #onHover: (index: number | undefined) => void;
  readonly #resize: ResizeObserver;
  readonly #time = document.createElement("div");
  #plot: uPlot | undefined;
  #input: ChartInput | undefined;
  #scale: NiceScale = { min: 0, max: 1, ticks: [0, 1] };
  #bases: number[][] = [];
  #rects: BarRect[][] = [];
  #palette: Palette = readPalette();
  #hovered: number | undefined;

  constructor(host: HTMLElement, onHover: (index: number | undefined) => void) {
    this.#host = host;
    this.#onHover = onHover;
    this.#time.className = "chart-time";
    this.#time.hidden = true;
    this.#resize = new ResizeObserver(() => this.#fit());
    this.#resize.observe(host);
  }

  draw(input: ChartInput): void {
    const before = this.#input;
    this.#input = input;
    const { picture, unit, fromMs, kind } = input;
    const stacked = kind === "bars" && picture.additive;
    const [low, high] = valueRange(picture, fromMs, stacked);
    const ticks = Math.max(2, Math.round(this.#host.clientHeight / TICK_EVERY_PX));
    this.#scale = niceScale(low, high, ticks, roundBase(unit));
    this.#bases = stacked ? stackBases(picture) : [];
    if (before?.picture.rows.length !== picture.rows.length || before.kind !== kind) this.#create();
    else this.#plot?.setData(dataOf(picture));
  }

  /** The theme has changed. */
  repaint(): void {
    this.#palette = readPalette();
    this.#plot?.redraw(true, true);
  }

  destroy(): void {
    this.#resize.disconnect();
    this.#plot?.destroy();
  }

  #fit(): void {
    const { clientWidth: width, clientHeight: height } = this.#host;
    if (this.#plot === undefined) this.#create();
    else if (width > 0 && (width !== this.#plot.width || height !== this.#plot.height)) {
      this.#plot.setSize({ width, height });
    }
  }

  #create(): void {
    const { clientWidth: width, clientHeight: height } = this.#host;
    this.#plot?.destroy();
    this.#plot = undefined;
    if (this.#input === undefined || width === 0 || height === 0) return;
    const { kind, picture } = this.#input;
    this.#plot = new uPlot(this.#options(kind, width, height, picture), dataOf(picture), this.#host);
    this.#plot.over.append(this.#time);
  }

  #options(kind: ChartKind, width: number, height: number, { rows }: Picture): uPlot.Options {
    const spark = kind === "spark";
    return {
      width,
      height,
      ms: 1,
      padding: spark ? [4, 4, 2, 0] : PADDING,
      legend: { show: false },
      scales: {
        x: { time: true, range: () => [this.#input?.fromMs ?? 0, this.#input?.toMs ?? 1] },
        y: { range: () => [this.#scale.min, this.#scale.max] },
      },
      axes: spark ? [{ show: false }, { show: false }] : [this.#timeAxis(), this.#valueAxis()],
      series: [{}, ...rows.map(() => this.#series(kind))],
      cursor: this.#cursor(kind),
      hooks: {
        draw: [(plot) => this.#paintMarks(plot)],
        setCursor: [(plot) => this.#hover(plot)],
        setLegend: [(plot) => this.#hover(plot)],
      },
    };
  }

  #series(kind: ChartKind): uPlot.Series {
    const color = (_: uPlot, index: number): string => this.#color(index - 1);
    const base: uPlot.Series = { stroke: color, pxAlign: 0, points: { show: false } };
    if (kind === "bars") {
      return { ...base, width: 0, fill: color, paths: (plot, index) => this.#barPath(plot, index - 1) };
    }
    const line: uPlot.Series = {
      ...base,
      width: 1.5,
      cap: "round",
      paths: (plot, index, from, to) => this.#linePath(plot, index, from, to),
      points: {
        show: true,
        size: 4,
        width: 0,
        fill: color,
        filter: (_, index) => this.#input?.picture.rows[index - 1]?.isolated ?? null,
      },
    };
    if (kind === "line") return line;
    return { ...line, fill: (plot, index) => areaFill(plot, this.#color(index - 1), this.#rows().length) };
  }

  #timeAxis(): uPlot.Axis {
    return {
      ...this.#axis(),
      space: 68,
      size: 26,
      incrs: TIME_STEPS_MS,
      grid: { show: false },
      values: (plot, splits, _axis, _space, stepMs) =>
        splits.map((ms) => {
          // A label that would be cut at the edge is left out.
          const room = plot.bbox.width / uPlot.pxRatio - plot.valToPos(ms, "x");
          return room < TIME_LABEL_PX / 2 - EDGE_PX ? "" : formatTime(ms, stepMs);
        }),
    };
  }

  #valueAxis(): uPlot.Axis {
    return {
      ...this.#axis(),
      size: (plot, labels) => labelWidth(plot.ctx, labels, this.#palette.font),
      grid: { stroke: () => this.#palette.grid, width: 1 },
      splits: () => this.#scale.ticks,
      values: (_, splits) => splits.map((value) => formatTick(value, this.#input?.unit ?? "short")),
    };
  }

  #axis(): uPlot.Axis {
    return {
      stroke: () => this.#palette.muted,
      font: this.#palette.font,
      gap: 8,
      ticks: { show: false },
      border: { show: false },
    };
  }

  #cursor(kind: ChartKind): uPlot.Cursor {
    if (kind === "spark") return { show: false };
    const cursor: uPlot.Cursor = {
      y: false,
      drag: { x: false, y: false, setScale: false },
      sync: { key: "freshet", setSeries: false },
    };
    if (kind === "bars") {
      // The bar under the pointer ends at or after it.
      return {
        ...cursor,
        points: { show: false },
        dataIdx: (_plot, _series, _closest, ms) => this.#barAt(ms),
      };
    }
    const color = (_: uPlot, index: number): string => this.#color(index - 1);
    const ring = (): string => this.#palette.surface;
    return { ...cursor, points: { size: 8, width: 2, fill: color, stroke: ring } };
  }

  #barAt(ms: number): number | null {
    const x = this.#input?.picture.x ?? [];
    const index = lowerBound(x, ms);
    return index < x.length ? index : null;
  }

  /** The solid part of a line. */
  #linePath(plot: uPlot, index: number, from: number, to: number): uPlot.Series.Paths | null {
    const row = this.#input?.picture.rows[index - 1];
    const end = row === undefined ? -1 : Math.min(to, settledIndex(row));
    return end < from ? null : linear(plot, index, from, end);
  }

  #barPath(plot: uPlot, row: number): uPlot.Series.Paths | null {
    const { picture } = this.#input ?? {};
    if (picture === undefined) return null;
    const rects = barRects(plot, picture, row, this.#bases[row]);
    this.#rects[row] = rects;
    return { stroke: null, fill: fillRects(rects, picture, row) };
  }

  /** What uPlot has no word for: provisional and revised points. */
  #paintMarks(plot: uPlot): void {
    const { picture, kind } = this.#input ?? {};
    if (picture === undefined) return;
    for (const [index, row] of picture.rows.entries()) {
      const color = this.#color(index);
      if (kind !== "bars") paintLineMarks(plot, picture, row, color, this.#palette.surface);
      else paintBarMarks(plot, this.#rects[index] ?? [], row.s, color, this.#palette.text);
    }
  }

  #hover(plot: uPlot): void {
    const { idx, left = -1 } = plot.cursor;
    const x = this.#input?.picture.x;
    const over = left >= 0 && typeof idx === "number";
    const index = over
      ? this.#input?.kind === "bars"
        ? (plot.cursor.idxs?.[1] ?? undefined)
        : idx
      : undefined;
    const ms = index === undefined ? undefined : x?.[index];
    this.#time.hidden = ms === undefined || !plot.over.matches(":hover");
    if (ms !== undefined && !this.#time.hidden) {
      this.#time.textContent = formatTime(ms, 1000);
      const room = this.#time.offsetWidth / 2;
      const at = Math.min(Math.max(left, room), plot.over.clientWidth - room);
      this.#time.style.transform = `translateX(${Math.round(at - room)}px)`;
    }
    if (index === this.#hovered) return;
    this.#hovered = index;
    this.#onHover(index);
  }

  #rows(): Picture["rows"] {
    return this.#input?.picture.rows ?? [];
  }

  #color(row: number): string {
    const { series } = this.#palette;
    return series[(this.#input?.slots[row] ?? 0) % series.length] ?? "gray";
  }
}

function dataOf({ x, rows }: Picture): uPlot.AlignedData {
  return [x, ...rows.map(({ y }) => y)];
}

/** Wide enough for the widest label, in steps of 8, so that the plot does not jump with each new number. */
function labelWidth(ctx: CanvasRenderingContext2D, labels: readonly string[] | null, font: string): number {
  if (labels === null || labels.length === 0) return 40;
  ctx.save();
  ctx.font = font;
  const widest = Math.max(...labels.map((label) => ctx.measureText(label).width));
  ctx.restore();
  return Math.ceil((widest + 12) / 8) * 8;
}
