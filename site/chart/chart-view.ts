import uPlot from "uplot";
import { timeAxis, valueAxis } from "./chart-axes.ts";
import { paintLineMarks, paintLines } from "./chart-lines.ts";
import { markAt, markReach, type ChartMarks } from "./chart-marks.ts";
import { stackBases, stackedPicture } from "./chart-stack.ts";
import { formatValue, roundBase, type Unit } from "../format.ts";
import type { LineTrace } from "./line-trace.ts";
import { valueRange, type Picture } from "./picture.ts";
import type { RowRange } from "./row-range.ts";
import { niceScale, type NiceScale } from "./scale.ts";
import type { BarRect } from "../on-demand/chart-bars.ts";
import { lowerBound } from "../series/series.ts";
import { readPalette, type Palette } from "../theme.ts";
import { formatPointTime } from "../time/time-axis.ts";
import type { RowTick } from "../on-demand/value-ticks.ts";
import type { FixedRange } from "../time/time-range.ts";

export type ChartKind = "line" | "area" | "bars" | "heatmap" | "spark";

/** Everything that one drawing depends on. */
export interface ChartInput {
  kind: ChartKind;
  picture: Picture;
  /** Each row's colour. */
  slots: readonly number[];
  /** Each row's name, where rows are named on the axis. */
  labels?: readonly string[];
  /** Of rows that are intervals of a value: how that axis is marked, in rows from below. Cells are counts of events then. */
  ticks?: readonly RowTick[] | undefined;
  /** The drawn span of time. */
  fromMs: number;
  toMs: number;
  unit: Unit;
  marks?: ChartMarks;
}

export interface ChartEvents {
  /** The row of the picture under the cursor, or undefined. */
  onHover: (index: number | undefined) => void;
  onRange: (range: FixedRange, how: "zoom" | "pan") => void;
}

/** Room around the plot in CSS pixels: the top line and the newest point are drawn whole. */
const EDGE_PX = 6;
const PADDING: uPlot.Padding = [8, EDGE_PX, 0, 0];
const TICK_EVERY_PX = 52;

let bars: typeof import("../on-demand/chart-bars.ts") | undefined;
let over: typeof import("../on-demand/paint-marks.ts") | undefined;
let heat: typeof import("../on-demand/chart-heat.ts") | undefined;

/** One uPlot in a host element, drawn anew whenever there is something to draw. */
export class ChartView {
  readonly #host: HTMLElement;
  readonly #events: ChartEvents;
  readonly #resize: ResizeObserver;
  readonly #time = document.createElement("div");
  #stopGestures: (() => void) | undefined;
  #plot: uPlot | undefined;
  /** The host's size as it was last told: asking for it would lay the page out before each drawing. */
  #width = 0;
  #height = 0;
  #input: ChartInput | undefined;
  #scale: NiceScale = { min: 0, max: 1, ticks: [0, 1] };
  /** Of values that add up, what each stands on. */
  #bases: number[][] = [];
  /** The picture as it is drawn: areas stand on each other. */
  #drawn: Picture | undefined;
  #rects: BarRect[][] = [];
  readonly #traces: LineTrace[] = [];
  readonly #ranges: RowRange[] = [];
  #palette: Palette = readPalette();
  #hovered: number | undefined;
  /** Where the keyboard has put the cursor: it stays with its point while the time moves on. */
  #cursorMs: number | undefined;
  /** Somebody draws a selection: nothing moves below it meanwhile. */
  #held = false;

  constructor(host: HTMLElement, events: ChartEvents) {
    this.#host = host;
    this.#events = events;
    this.#time.className = "chart-time";
    this.#time.hidden = true;
    this.#resize = new ResizeObserver((entries) => {
      const { width = 0, height = 0 } = entries.at(-1)?.contentRect ?? {};
      this.#fit(Math.round(width), Math.round(height));
    });
    this.#resize.observe(host);
  }

  get hasCursor(): boolean {
    return this.#cursorMs !== undefined;
  }

  draw(input: ChartInput): void {
    if (this.#held) return;
    const before = this.#input;
    this.#input = input;
    this.#scale = this.#scaleOf(input);
    const { picture, kind } = input;
    this.#bases = isStacked(input) ? stackBases(picture) : [];
    this.#drawn = kind === "area" && isStacked(input) ? stackedPicture(picture, this.#bases) : picture;
    if (before?.picture.rows.length !== picture.rows.length || before.kind !== kind) this.#create();
    else this.#redraw(dataOf(this.#drawn));
    if (this.#cursorMs !== undefined) this.#placeCursor(this.#cursorMs);
  }

  /** At once, so that whoever has it drawn knows how long it took. */
  #redraw(data: uPlot.AlignedData): void {
    this.#plot?.batch((plot: uPlot) => plot.setData(data));
  }

  /** The theme has changed. */
  repaint(): void {
    this.#palette = readPalette();
    this.#plot?.redraw(true, true);
  }

  /** Moves the cursor by points; from the newest one when there is none yet. Infinite: to the first or last. */
  moveCursor(by: number): void {
    const x = this.#input?.picture.x ?? [];
    const first = lowerBound(x, this.#input?.fromMs ?? 0);
    const last = lowerBound(x, (this.#input?.toMs ?? 0) + 1) - 1;
    if (last < first) return;
    const at = this.#cursorMs === undefined ? (by < 0 ? last + 1 : last) : lowerBound(x, this.#cursorMs);
    this.#cursorMs = x[Math.min(last, Math.max(first, at + by))];
    if (this.#cursorMs !== undefined) this.#placeCursor(this.#cursorMs);
  }

  clearCursor(): void {
    if (this.#cursorMs === undefined) return;
    this.#cursorMs = undefined;
    setCursors(this.#plot, undefined);
  }

  destroy(): void {
    this.#resize.disconnect();
    this.#stopGestures?.();
    this.#plot?.destroy();
  }

  #scaleOf(input: ChartInput): NiceScale {
    const { picture, unit, fromMs, toMs, kind, marks } = input;
    const { length } = picture.rows;
    if (kind === "heatmap") {
      const ticks = input.ticks?.map(({ at }) => at) ?? picture.rows.map((_, i) => i + 0.5);
      return { min: 0, max: Math.max(1, length), ticks };
    }
    const shape = kind === "bars" ? "bar" : "line";
    const [low, high] = valueRange(picture, fromMs, toMs, shape, isStacked(input), this.#ranges) ?? [0, 0];
    const ticks = Math.max(2, Math.round(this.#height / TICK_EVERY_PX));
    return niceScale(...markReach(Math.min(0, low), Math.max(0, high), marks), ticks, roundBase(unit));
  }

  #placeCursor(ms: number): void {
    setCursors(this.#plot, this.#plot?.valToPos(ms, "x"));
  }

  #fit(width: number, height: number): void {
    this.#width = width;
    this.#height = height;
    // How many ticks there are depends on the height.
    if (this.#input !== undefined) this.#scale = this.#scaleOf(this.#input);
    if (this.#plot === undefined) this.#create();
    else if (width > 0 && (width !== this.#plot.width || height !== this.#plot.height)) {
      this.#plot.setSize({ width, height });
    }
  }

  #create(): void {
    const [width, height] = [this.#width, this.#height];
    this.#stopGestures?.();
    this.#plot?.destroy();
    this.#plot = undefined;
    if (this.#input === undefined || width === 0 || height === 0) return;
    const { kind, picture } = this.#input;
    const data = dataOf(this.#drawn ?? picture);
    const plot = new uPlot(this.#options(kind, width, height, data), data, this.#host);
    this.#plot = plot;
    plot.over.append(this.#time);
    if (kind !== "spark") this.#stopGestures = this.#listen(plot);
  }

  /** Gestures are loaded when a pointer first comes near a chart. */
  #listen(plot: uPlot): () => void {
    const listening = new AbortController();
    let stop: (() => void) | undefined;
    const enter = async (): Promise<void> => {
      const { listenForGestures } = await import("../on-demand/chart-gestures.ts");
      if (listening.signal.aborted) return;
      stop = listenForGestures(plot.over, {
        timeAt: (px) => plot.posToVal(px, "x"),
        span: () => ({ fromMs: plot.scales["x"]?.min ?? 0, toMs: plot.scales["x"]?.max ?? 1 }),
        onRange: this.#events.onRange,
        onScrub: (px) => setCursors(plot, px),
        onHold: (held) => (this.#held = held),
      });
    };
    // Without them a chart still has its cursor and its keys.
    const load = (): void => void enter().catch(() => undefined);
    plot.over.addEventListener("pointerenter", load, { once: true, signal: listening.signal });
    return () => {
      listening.abort();
      stop?.();
    };
  }

  #options(kind: ChartKind, width: number, height: number, data: uPlot.AlignedData): uPlot.Options {
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
      axes: spark ? [{ show: false }, { show: false }] : this.#axes(kind),
      series: [{}, ...data.slice(1).map(() => this.#series(kind))],
      cursor: this.#cursor(kind),
      hooks: {
        draw: [(plot) => this.#paint(plot)],
        setCursor: [(plot) => this.#hover(plot)],
        setLegend: [(plot) => this.#hover(plot)],
      },
    };
  }

  #axes(kind: ChartKind): uPlot.Axis[] {
    const palette = (): Palette => this.#palette;
    const names = (plot: uPlot): string[] => {
      const { ticks, labels = [] } = this.#input ?? {};
      return heat?.rowNames(plot, ticks?.map(({ text }) => text) ?? labels, this.#palette.font) ?? [];
    };
    const unit = (): Unit => this.#input?.unit ?? "short";
    return [
      timeAxis(palette),
      valueAxis(palette, () => this.#scale.ticks, unit, kind === "heatmap" ? names : undefined),
    ];
  }

  #series(kind: ChartKind): uPlot.Series {
    const color = (_: uPlot, index: number): string => this.#color(index - 1);
    // The scales are worked out before: uPlot need not look for them.
    const base: uPlot.Series = { auto: false, stroke: color, pxAlign: 0, points: { show: false } };
    if (kind !== "bars") return { ...base, paths: () => null };
    return { ...base, width: 0, fill: color, paths: (plot, index) => this.#barPath(plot, index - 1) };
  }

  #cursor(kind: ChartKind): uPlot.Cursor {
    if (kind === "spark") return { show: false };
    const cursor: uPlot.Cursor = {
      y: false,
      drag: { x: false, y: false, setScale: false },
      bind: { dblclick: () => null },
      sync: { key: "freshet", setSeries: false },
    };
    if (kind === "bars" || kind === "heatmap") {
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

  #barPath(plot: uPlot, row: number): uPlot.Series.Paths | null {
    const { picture } = this.#input ?? {};
    if (picture === undefined) return null;
    if (bars === undefined) {
      this.#load(async () => (bars = await import("../on-demand/chart-bars.ts")));
      return null;
    }
    const rects = bars.barRects(plot, picture, row, this.#bases[row]);
    this.#rects[row] = rects;
    return { stroke: null, fill: bars.fillRects(rects, picture, row) };
  }

  /** What uPlot has no word for: lines that are kept, provisional and revised points, cells, thresholds and what happened when. */
  #paint(plot: uPlot): void {
    const { kind, marks } = this.#input ?? {};
    const picture = this.#drawn;
    if (picture === undefined) return;
    const color = (row: number): string => this.#color(row);
    if (kind === "heatmap") this.#paintHeat(plot, picture);
    else if (kind === "bars") {
      for (const [index, row] of picture.rows.entries())
        bars?.paintBarMarks(plot, this.#rects[index] ?? [], row.s, color(index), this.#palette.text);
    } else {
      const area = kind === "line" ? undefined : { bases: this.#bases };
      paintLines(plot, picture, this.#traces, color, area);
      paintLineMarks(plot, picture, color, this.#palette.surface);
    }
    if (marks !== undefined && marks.thresholds.length + marks.events.length > 0) {
      const timesOnly = kind === "heatmap" && this.#input?.ticks === undefined;
      if (over !== undefined) over.paintMarks(plot, marks, this.#palette, timesOnly);
      else this.#load(async () => (over = await import("../on-demand/paint-marks.ts")));
    }
  }

  #paintHeat(plot: uPlot, picture: Picture): void {
    const isCounts = this.#input?.ticks !== undefined;
    if (heat !== undefined) return heat.paintHeat(plot, picture, this.#palette, isCounts);
    this.#load(async () => (heat = await import("../on-demand/chart-heat.ts")));
  }

  /** Many dashboards have no bars, heatmap or marks: how to draw them is loaded with the first. */
  #load(load: () => Promise<unknown>): void {
    // The next drawing tries again.
    void load().then(
      () => this.#plot?.redraw(true, true),
      () => undefined,
    );
  }

  #hover(plot: uPlot): void {
    const { idx, idxs, left = -1 } = plot.cursor;
    const { kind, picture } = this.#input ?? {};
    const covering = kind === "bars" || kind === "heatmap";
    const index = left < 0 ? undefined : ((covering ? idxs?.[1] : idx) ?? undefined);
    this.#showTime(plot, index === undefined ? undefined : picture?.x[index], left);
    if (index === this.#hovered) return;
    this.#hovered = index;
    this.#events.onHover(index);
  }

  /** The time at the cursor, on the chart that has it: charts that follow show the line only. */
  #showTime(plot: uPlot, ms: number | undefined, left: number): void {
    const own = this.#cursorMs !== undefined || (ms !== undefined && plot.over.matches(":hover"));
    const hidden = ms === undefined || !own;
    // Setting what is set already would have the browser work out all styles again.
    if (this.#time.hidden !== hidden) this.#time.hidden = hidden;
    if (ms === undefined || hidden) return;
    const mark = markAt(plot, this.#input?.marks, left)?.label;
    const cell = this.#input?.kind === "heatmap" ? this.#cellText(plot, ms) : undefined;
    this.#time.textContent = [formatPointTime(ms), cell, mark]
      .filter((text) => text !== undefined)
      .join(" · ");
    const room = this.#time.offsetWidth / 2;
    const at = Math.min(Math.max(left, room), plot.over.clientWidth - room);
    this.#time.style.transform = `translateX(${Math.round(at - room)}px)`;
  }

  /** The name and value of a heatmap's row under the pointer. */
  #cellText(plot: uPlot, ms: number): string | undefined {
    const { picture, labels = [], unit = "short" } = this.#input ?? {};
    const row = Math.floor(plot.posToVal(plot.cursor.top ?? 0, "y"));
    const value = picture?.rows[row]?.y[picture.x.indexOf(ms)];
    return value === undefined ? undefined : `${labels[row] ?? ""}: ${formatValue(value, unit)}`;
  }

  #color(row: number): string {
    const { series } = this.#palette;
    return series[(this.#input?.slots[row] ?? 0) % series.length] ?? "gray";
  }
}

/** uPlot's types leave out that it can tell the charts that it is in step with. */
type SetCursor = (at: { left: number; top: number }, fire: boolean, tell: boolean) => void;

/** Puts the cursor there, or away, and with it those of the other charts. */
function setCursors(plot: uPlot | undefined, left = -10): void {
  (plot?.setCursor as SetCursor | undefined)?.({ left, top: 10 }, true, true);
}

function isStacked({ kind, picture }: ChartInput): boolean {
  return picture.additive && (kind === "bars" || kind === "area");
}

function dataOf({ x, rows }: Picture): uPlot.AlignedData {
  return [x, ...rows.map(({ y }) => y)];
}
