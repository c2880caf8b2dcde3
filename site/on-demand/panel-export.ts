import { labelledBucket } from "../../protocol/histogram-buckets.ts";
import { groupLabels } from "../series/group-label.ts";
import type { PanelProps } from "../panels/panel-props.ts";
import { groupKey, lowerBound, type Column } from "../series/series.ts";
import type { FixedRange } from "../time/time-range.ts";
import { pictureOf } from "./panel-picture.ts";

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
  const blob = await pictureOf(card, props.panel.title);
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
