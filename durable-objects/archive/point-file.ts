import type { SchemaElement } from "hyparquet";
import { type CompiledMetric, compileMetric, type DefinedMetric } from "../engine/compiled-metric.ts";
import { groupOf } from "../engine/group-key.ts";
import { readSealed, type SealedPoint } from "../engine/sealed-point.ts";
import type { PointRow } from "../storage/point-rows.ts";
import { encodeParquet, jsonBytes } from "./parquet.ts";
import { beginOf } from "./point-path.ts";
import { groupSizes } from "./row-groups.ts";

/** Which points of one metric a file holds, by their ends, epoch ms. */
export interface PointSpan {
  metric: string;
  revision: number;
  firstEnd: number;
  lastEnd: number;
}

/** An encoded file of sealed points. */
export interface PointFile {
  stepMs: number;
  beginMs: number;
  rows: number;
  body: Uint8Array;
  footerBytes: number;
  spans: PointSpan[];
}

/** A point of a file. `state` is what it can be merged by, where that is more than its value. */
interface FilePoint {
  metric: string;
  revision: number;
  t: number;
  group: string;
  value: number | null;
  items: string | null;
  state: string | null;
  revised: boolean;
  /** The row that it came from: of two points of one window and group the later counts. */
  seq: number;
}

const SCHEMA: SchemaElement[] = [
  { name: "point", num_children: 9 },
  { name: "metric", type: "BYTE_ARRAY", converted_type: "UTF8", repetition_type: "REQUIRED" },
  { name: "t", type: "INT64", converted_type: "TIMESTAMP_MILLIS", repetition_type: "REQUIRED" },
  json("group", "REQUIRED"),
  { name: "value", type: "DOUBLE", repetition_type: "OPTIONAL" },
  json("items", "OPTIONAL"),
  json("state", "OPTIONAL"),
  { name: "revised", type: "BOOLEAN", repetition_type: "REQUIRED" },
  { name: "revision", type: "INT32", repetition_type: "REQUIRED" },
  { name: "seq", type: "INT64", repetition_type: "REQUIRED" },
];

function json(name: string, repetition: "REQUIRED" | "OPTIONAL"): SchemaElement {
  return {
    name,
    type: "BYTE_ARRAY",
    converted_type: "JSON",
    logical_type: { type: "JSON" },
    repetition_type: repetition,
  };
}

/**
 * Rows of a window object as files: one for each hour, or of what is rolled up for each day.
 *
 * @param definedOf the definition that a row's metric had.
 */
export function encodePoints(
  rows: readonly PointRow[],
  definedOf: (metric: string) => DefinedMetric | undefined,
): PointFile[] {
  const files = new Map<string, { stepMs: number; beginMs: number; points: FilePoint[] }>();
  for (const row of rows) {
    const defined = definedOf(row.metric);
    if (defined === undefined) continue;
    const compiled = compileMetric(defined);
    for (const point of JSON.parse(row.body) as SealedPoint[]) {
      const beginMs = beginOf(point[0], row.stepMs);
      const key = `${row.stepMs} ${beginMs}`;
      let file = files.get(key);
      if (file === undefined) files.set(key, (file = { stepMs: row.stepMs, beginMs, points: [] }));
      file.points.push(filePoint(compiled, point, row));
    }
  }
  return Array.from(files.values(), ({ stepMs, beginMs, points }) => ({
    stepMs,
    beginMs,
    ...encodeFile(points),
  }));
}

/** What was kept of a sealed point, from the columns of a file. */
export function keptOf(value: number | null, items: string | null, state: string | null): SealedPoint[2] {
  if (state !== null) return JSON.parse(state) as SealedPoint[2];
  return items === null ? value : (JSON.parse(items) as SealedPoint[2]);
}

function filePoint(compiled: CompiledMetric, point: SealedPoint, { id, stepMs }: PointRow): FilePoint {
  const { metric, revision } = compiled;
  const [t, key, kept, revised] = point;
  const spanMs = stepMs === 0 || metric.window.type === "sliding" ? metric.window.sizeMs : stepMs;
  const { outcome } = readSealed(compiled, point, spanMs);
  const isRanking = Array.isArray(outcome);
  const value = typeof outcome === "number" && Number.isFinite(outcome) ? outcome : null;
  const items = isRanking ? JSON.stringify(outcome) : null;
  const text = JSON.stringify(kept);
  const isPlain = text === (items ?? JSON.stringify(value));
  return {
    metric: metric.name,
    revision,
    t,
    group: JSON.stringify(groupOf(metric.groupBy, key)),
    value,
    items,
    state: isPlain ? null : text,
    revised: revised === 1,
    seq: id,
  };
}

function encodeFile(points: FilePoint[]): Omit<PointFile, "stepMs" | "beginMs"> {
  points.sort(
    (a, b) => compare(a.metric, b.metric) || a.t - b.t || compare(a.group, b.group) || a.seq - b.seq,
  );
  const plain = { offsetIndex: false, statistics: false } as const;
  const column = <K extends keyof FilePoint>(name: K): FilePoint[K][] => points.map((point) => point[name]);
  const texts = (name: "group" | "items" | "state") => points.map((point) => jsonBytes(point[name]));
  const encoded = encodeParquet({
    schema: SCHEMA,
    groupSizes: groupSizes(column("metric")),
    bytesExpected: points.length * 24,
    columns: [
      { name: "metric", data: column("metric"), encoding: "RLE_DICTIONARY", offsetIndex: false },
      { name: "t", data: column("t"), encoding: "DELTA_BINARY_PACKED", offsetIndex: false },
      { name: "group", data: texts("group"), ...plain },
      { name: "value", data: column("value"), ...plain },
      { name: "items", data: texts("items"), ...plain },
      { name: "state", data: texts("state"), ...plain },
      { name: "revised", data: column("revised"), ...plain },
      { name: "revision", data: column("revision"), ...plain },
      { name: "seq", data: column("seq"), encoding: "DELTA_BINARY_PACKED", ...plain },
    ],
  });
  return { ...encoded, rows: points.length, spans: spansOf(points) };
}

function spansOf(points: readonly FilePoint[]): PointSpan[] {
  const spans = new Map<string, PointSpan>();
  for (const { metric, revision, t } of points) {
    const key = `${metric} ${revision}`;
    const span = spans.get(key);
    if (span === undefined) spans.set(key, { metric, revision, firstEnd: t, lastEnd: t });
    else [span.firstEnd, span.lastEnd] = [Math.min(span.firstEnd, t), Math.max(span.lastEnd, t)];
  }
  return [...spans.values()];
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
