import { readPalette, type Palette } from "../theme.ts";
import { shortened } from "./chart-heat.ts";
import { columnsOf, type Cell, type TextColumn } from "./text-columns.ts";

const PADDING_PX = 16;
const TITLE_PX = 40;
const LINE_PX = 20;
const DIGITS_PX = 38;
const SWATCH_PX = 14;
/** What a space stands before in a big number. */
const APART = ".number-unit:not(.tight), .number-tone";
const RAMP_PX = { width: 96, height: 8 };

/** A line of text: of a legend, a list or a table. */
interface Line {
  cells: Cell[];
  /** A square before it, as in a legend. */
  swatch?: string;
  /** A bar behind it, as in a list. */
  bar?: { color: string; share: number };
}

type Widths = (text: string) => number;

/**
 * A panel's card as an image, in the theme in force: its title, its number, its drawing, and the texts of its legend, list or
 * table. Wider than the card where a table's columns need it.
 */
export async function pictureOf(card: HTMLElement, title: string): Promise<Blob | null> {
  const image = document.createElement("canvas");
  const ctx = image.getContext("2d");
  if (ctx === null) return null;
  const palette = readPalette();
  const font = (look: string): string => palette.font.replace(/^\d+px/, look);
  const drawing = card.querySelector<HTMLCanvasElement>("canvas");
  const digits = card.querySelector<HTMLElement>(".number-value");
  const scale = card.querySelector<HTMLElement>(".heat-scale");
  const lines = linesOf(card);
  ctx.font = font("12px");
  const columns = columnsOf(
    lines.map(({ cells }) => cells),
    (text) => ctx.measureText(text).width,
    card.clientWidth - 2 * PADDING_PX - SWATCH_PX,
  );
  const width = Math.max(card.clientWidth, (columns.at(-1)?.right ?? 0) + 2 * PADDING_PX + SWATCH_PX);
  const heights = [
    TITLE_PX,
    digits === null ? 0 : DIGITS_PX + LINE_PX,
    drawing === null ? 0 : drawing.clientHeight + PADDING_PX,
    isSeen(scale) ? LINE_PX : 0,
    lines.length * LINE_PX,
  ];
  const height = heights.reduce((sum, each) => sum + each, PADDING_PX);
  const ratio = Math.max(2, devicePixelRatio);
  image.width = width * ratio;
  image.height = height * ratio;
  ctx.scale(ratio, ratio);
  ctx.fillStyle = palette.surface;
  ctx.fillRect(0, 0, width, height);

  const measure: Widths = (text) => ctx.measureText(text).width;
  ctx.fillStyle = palette.text;
  ctx.font = font("600 14px");
  ctx.fillText(shortened(title, width - 2 * PADDING_PX, measure), PADDING_PX, PADDING_PX + 10);
  let top = TITLE_PX;
  if (digits !== null) {
    ctx.fillStyle = getComputedStyle(digits).color;
    ctx.font = font("600 28px");
    const parts = Array.from(digits.children, (part) => (part.matches(APART) ? " " : "") + part.textContent);
    ctx.fillText(parts.join(""), PADDING_PX, top + 22);
    ctx.fillStyle = palette.muted;
    ctx.font = font("12px");
    ctx.fillText(card.querySelector(".number-note")?.textContent ?? "", PADDING_PX, top + DIGITS_PX + 4);
    top += DIGITS_PX + LINE_PX;
  }
  ctx.font = font("12px");
  if (drawing !== null) {
    const left = (width - drawing.clientWidth) / 2;
    ctx.drawImage(drawing, left, top, drawing.clientWidth, drawing.clientHeight);
    top += drawing.clientHeight + PADDING_PX;
  }
  if (isSeen(scale)) {
    paintScale(ctx, scale, top + 14, width - PADDING_PX, palette);
    top += LINE_PX;
  }
  for (const [i, line] of lines.entries())
    paintLine(ctx, line, columns, top + i * LINE_PX + 14, width, palette);
  return new Promise((settle) => image.toBlob(settle, "image/png"));
}

/** The legend's entries, the list's or the table's rows, as they stand. */
function linesOf(card: HTMLElement): Line[] {
  const rows = card.querySelectorAll<HTMLElement>(".legend-item, .toplist-row, .table-scroll tr");
  return Array.from(rows, (row) => {
    const swatch = row.querySelector(".swatch");
    const bar = row.querySelector<HTMLElement>(".toplist-bar");
    const cells = [...row.children]
      .filter((cell) => cell !== swatch && cell !== bar && isSeen(cell))
      .map((cell) => ({ text: cell.textContent.trim(), isFigure: cell.matches(VALUES) }));
    return {
      cells,
      ...(swatch === null ? {} : { swatch: getComputedStyle(swatch).backgroundColor }),
      ...(bar === null
        ? {}
        : {
            bar: {
              color: getComputedStyle(bar).borderLeftColor,
              share: Number(bar.style.getPropertyValue("--share")),
            },
          }),
    };
  }).filter(({ cells }) => cells.length > 0);
}

const VALUES = ".figure, .legend-value, .toplist-value";

/** What a narrow panel leaves out has no box. */
function isSeen<T extends Element>(element: T | null): element is T {
  return element !== null && element.getClientRects().length > 0;
}

function paintLine(
  ctx: CanvasRenderingContext2D,
  { cells, swatch, bar }: Line,
  columns: readonly TextColumn[],
  baseline: number,
  width: number,
  palette: Palette,
): void {
  if (swatch !== undefined) {
    ctx.fillStyle = swatch;
    ctx.fillRect(PADDING_PX, baseline - 8, 8, 8);
  }
  if (bar !== undefined) {
    const room = width - 2 * PADDING_PX;
    ctx.fillStyle = bar.color;
    ctx.fillRect(PADDING_PX, baseline - 13, 3, LINE_PX - 2);
    ctx.globalAlpha = 0.18;
    ctx.fillRect(PADDING_PX, baseline - 13, room * bar.share, LINE_PX - 2);
    ctx.globalAlpha = 1;
  }
  ctx.fillStyle = palette.text;
  for (const [i, { text, isFigure }] of cells.entries()) {
    const { left = 0, right = 0 } = columns[i] ?? {};
    ctx.textAlign = isFigure ? "right" : "left";
    const shown = shortened(text, right - left, (each) => ctx.measureText(each).width);
    ctx.fillText(shown, PADDING_PX + SWATCH_PX + (isFigure ? right : left), baseline);
  }
  ctx.textAlign = "left";
}

/** What a heatmap's colours stand for, from the right. */
function paintScale(
  ctx: CanvasRenderingContext2D,
  scale: HTMLElement,
  baseline: number,
  right: number,
  palette: Palette,
): void {
  let at = right;
  for (const part of [...scale.childNodes].reverse()) {
    const isRamp = part instanceof HTMLElement && part.matches(".heat-ramp");
    // The other elements are for those who cannot see the colours.
    if (part instanceof HTMLElement && !isRamp) continue;
    const text = part.textContent?.trim() ?? "";
    const wide = isRamp ? part.clientWidth : ctx.measureText(text).width;
    at -= wide;
    if (isRamp) paintRamp(ctx, at, baseline - RAMP_PX.height, part, palette.heat);
    else {
      ctx.fillStyle = palette.muted;
      ctx.fillText(text, at, baseline);
    }
    at -= 6;
  }
}

/** A ramp, or the half of one that its style says. */
function paintRamp(
  ctx: CanvasRenderingContext2D,
  left: number,
  top: number,
  { clientWidth, style }: HTMLElement,
  heat: readonly string[],
): void {
  const isHalf = style.backgroundSize !== "";
  const from = isHalf && style.backgroundPosition.includes("right") ? left - clientWidth : left;
  const gradient = ctx.createLinearGradient(from, 0, from + clientWidth * (isHalf ? 2 : 1), 0);
  for (const [i, color] of heat.entries()) gradient.addColorStop(i / (heat.length - 1), color);
  ctx.fillStyle = gradient;
  ctx.fillRect(left, top, clientWidth, RAMP_PX.height);
}
