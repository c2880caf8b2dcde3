import { labelledBucket } from "../../protocol/histogram-buckets.ts";
import { groupLabels } from "../group-label.ts";
import type { PanelProps } from "../panels/panel-props.ts";
import { groupKey, lowerBound, type Column } from "../series.ts";
import { readPalette, type Palette } from "../theme.ts";
import type { FixedRange } from "../time-range.ts";

const PADDING_PX = 16;
const HEAD_PX = 40;
const LINE_PX = 20;

/** Saves what a panel shows: its points as CSV, or its drawing as PNG. */
export async function exportPanel(
  format: "csv" | "png",
  props: PanelProps,
  span: FixedRange,
  card: HTMLElement,
): Promise<void> {
  const name = `${fileName(props.panel.title)}.${format}`;
  if (format === "csv") {
    const { buffer } = props.series;
    const text = csvOf(buffer.t, inOrder([...buffer.columns.values()], props.traits.bucketKey), span);
    save(new Blob([text], { type: "text/csv" }), name);
    return;
  }
  const blob = await pngOf(card, props.panel.title);
  if (blob !== null) save(blob, name);
}

/** Columns of a histogram stand group by group, from low to high. */
function inOrder(columns: Column[], bucketKey: string | undefined): Column[] {
  if (bucketKey === undefined) return columns;
  const groupOf = ({ group }: Column): string => groupKey({ ...group, [bucketKey]: "" });
  const bucketIn = ({ group }: Column): number => labelledBucket(group[bucketKey] ?? "") ?? 0;
  return columns.sort((a, b) => groupOf(a).localeCompare(groupOf(b)) || bucketIn(a) - bucketIn(b));
}

/**
 * All groups' points in the span as CSV (RFC 4180): `time` is each window's end in ISO 8601, then a column for each group.
 * A cell is empty where the group has no value.
 */
export function csvOf(
  t: readonly number[],
  columns: readonly Column[],
  { fromMs, toMs }: FixedRange,
): string {
  const names = groupLabels(
    columns.map(({ group }) => group),
    "value",
  );
  const lines = [["time", ...names].map(csvCell).join(",")];
  for (let i = lowerBound(t, fromMs); i < t.length && (t[i] ?? 0) <= toMs; i++) {
    const values = columns.map(({ v }) => String(v[i] ?? ""));
    lines.push([new Date(t[i] ?? 0).toISOString(), ...values].join(","));
  }
  return `${lines.join("\r\n")}\r\n`;
}

/** A name is text from outside: one that a spreadsheet would take for a formula is made plain. */
function csvCell(text: string): string {
  const plain = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain;
}

/** The card as an image: title, canvas, and the texts of its legend or list, in the theme in force. */
async function pngOf(card: HTMLElement, title: string): Promise<Blob | null> {
  const palette = readPalette();
  const drawing = card.querySelector<HTMLCanvasElement>("canvas");
  const lines = textLines(card);
  const width = card.clientWidth;
  const drawingHeight = drawing === null ? 0 : drawing.clientHeight + PADDING_PX;
  const image = document.createElement("canvas");
  const scale = Math.max(2, devicePixelRatio);
  image.width = width * scale;
  image.height = (HEAD_PX + drawingHeight + lines.length * LINE_PX + PADDING_PX) * scale;
  const ctx = image.getContext("2d");
  if (ctx === null) return null;
  ctx.scale(scale, scale);
  ctx.fillStyle = palette.surface;
  ctx.fillRect(0, 0, width, image.height);
  ctx.fillStyle = palette.text;
  ctx.font = palette.font.replace(/^\d+px/, "600 14px");
  ctx.fillText(title, PADDING_PX, PADDING_PX + 10);
  if (drawing !== null) {
    const left = (width - drawing.clientWidth) / 2;
    ctx.drawImage(drawing, left, HEAD_PX, drawing.clientWidth, drawing.clientHeight);
  }
  paintLines(ctx, lines, HEAD_PX + drawingHeight, width, palette);
  return new Promise((settle) => image.toBlob(settle, "image/png"));
}

interface TextLine {
  texts: string[];
  color: string | undefined;
}

/** The legend's entries, the list's or the table's rows, as they stand. */
function textLines(card: HTMLElement): TextLine[] {
  const rows = card.querySelectorAll<HTMLElement>(
    ".legend-item, .toplist-row, .number-value, .table-scroll tr",
  );
  return [...rows].map((row) => {
    const swatch = row.querySelector(".swatch");
    const color = swatch === null ? undefined : getComputedStyle(swatch).backgroundColor;
    const cells = row.matches(".number-value") ? [row] : [...row.children];
    return { texts: cells.map((cell) => cell.textContent.trim()).filter((text) => text !== ""), color };
  });
}

function paintLines(
  ctx: CanvasRenderingContext2D,
  lines: readonly TextLine[],
  topPx: number,
  width: number,
  palette: Palette,
): void {
  ctx.font = palette.font.replace(/^\d+px/, "12px");
  for (const [i, { texts, color }] of lines.entries()) {
    const baseline = topPx + i * LINE_PX + 14;
    if (color !== undefined) {
      ctx.fillStyle = color;
      ctx.fillRect(PADDING_PX, baseline - 8, 8, 8);
    }
    ctx.fillStyle = palette.text;
    const room = width - 2 * PADDING_PX - 14;
    for (const [column, text] of texts.entries()) {
      const last = column === texts.length - 1 && column > 0;
      ctx.textAlign = last ? "right" : "left";
      const left = PADDING_PX + 14 + (last ? room : (room * column) / texts.length);
      ctx.fillText(text, left, baseline);
    }
  }
}

function fileName(title: string): string {
  const plain = title
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]+/gu, "-")
    .replaceAll(/^-|-$/g, "");
  return plain === "" ? "panel" : plain;
}

function save(blob: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
