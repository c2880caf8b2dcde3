import type { SchemaElement } from "hyparquet";
import { type CompiledMetric, compileMetric, type DefinedMetric } from "../engine/compiled-metric.ts";
import { groupOf } from "../engine/group-key.ts";
import { readSealed, type SealedPoint } from "../engine/sealed-point.ts";
import type { PointRow } from "../storage/point-rows.ts";
import { encodeParquet, jsonBytes } from "./parquet.ts";
import { beginOf, dayOf } from "./point-path.ts";
import { groupSizes } from "./row-groups.ts";

/** Which points of one metric a file holds, by their ends, epoch ms. */
export interface PointSpan {
  metric: string;
  revision: number;
  firstEnd: number;
  lastEnd: number;
}

/** An encoded file of sealed points. */
export interface PointFile extends EncodedPoints {
  stepMs: number;
  /** When the hour, or of what is rolled up the day, begins of the first window in it, epoch ms. */
  beginMs: number;
}

export interface EncodedPoints {
  rows: number;
  /** Characters of its JSON: most of what it takes to hold the points. */
  textBytes: number;
  body: Uint8Array;
  footerBytes: number;
  spans: PointSpan[];
}

/** A point of a file. `state` is what it can be merged by, where that is more than its value. */
export interface FilePoint {
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

/** Of more hours of one day rows become one file: what is computed anew are days. */
const MOST_HOURS = 4;

/**
 * Rows of a window object as files: one for each hour, or of many hours and of what is rolled up for each day. A day's are
 * in the folder of the first hour.
 *
 * @param definedOf the definition that a row's metric had.
 */
export function encodePoints(
  rows: readonly PointRow[],
  definedOf: (metric: string) => DefinedMetric | undefined,
): PointFile[] {
  const files = new Map<string, Unencoded>();
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
  return joinHours([...files.values()]).map(({ points, ...place }) => ({ ...place, ...encodeFile(points) }));
}

type Unencoded = { stepMs: number; beginMs: number; points: FilePoint[] };

function joinHours(files: readonly Unencoded[]): Unencoded[] {
  const days = new Map<string, Unencoded[]>();
  for (const file of files) {
    const key = `${file.stepMs} ${dayOf(file.beginMs)}`;
    days.set(key, [...(days.get(key) ?? []), file]);
  }
  return Array.from(days.values(), (hours): Unencoded[] => {
    const [first] = hours;
    if (first === undefined || hours.length <= MOST_HOURS) return hours;
    const beginMs = Math.min(...hours.map((hour) => hour.beginMs));
    return [{ ...first, beginMs, points: hours.flatMap(({ points }) => points) }];
  }).flat();
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

/** Writes points, at least one, as Parquet: sorted by metric and time, in groups that a query can skip. */
export function encodeFile(points: FilePoint[]): EncodedPoints {
  points.sort(
    (a, b) => compare(a.metric, b.metric) || a.t - b.t || compare(a.group, b.group) || a.seq - b.seq,
  );
  const plain = { offsetIndex: false, statistics: false } as const;
  const column = <K extends keyof FilePoint>(name: K): FilePoint[K][] => points.map((point) => point[name]);
  // Groups are the same again and again: their bytes are there once.
  const known = new Map<string | null, Uint8Array | null>();
  const texts = (name: "group" | "items" | "state") =>
    points.map(({ [name]: text }) => {
      if (!known.has(text)) known.set(text, jsonBytes(text));
      return known.get(text) ?? null;
    });
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
  const textBytes = points.reduce((sum, { group, items, state }) => {
    return sum + group.length + (items?.length ?? 0) + (state?.length ?? 0);
  }, 0);
  return { ...encoded, rows: points.length, textBytes, spans: spansOf(points) };
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
