import { describe, expect, it } from "vitest";
import { combinedColumn, pictureOf, topKeys, valueRange, type Picture } from "./picture.ts";
import type { Reading } from "../series/reading.ts";
import { SeriesBuffer } from "../series/series.ts";
import type { Traits } from "../series/traits.ts";

const COUNT: Traits = {
  additive: true,
  combine: "sum",
  stepMs: 10,
  sizeMs: 10,
  delayMs: 0,
  tumbling: true,
};
const GAUGE: Traits = { ...COUNT, additive: false, combine: "mean" };

const buffer = (points: Record<string, number[]>): SeriesBuffer => {
  const made = new SeriesBuffer();
  made.replace(
    Object.entries(points).map(([host, t]) => ({ group: { host }, t, v: t, s: t.map(() => 1 as const) })),
  );
  return made;
};
const draw = (points: Record<string, number[]>, traits: Traits) => {
  const made = buffer(points);
  return pictureOf(made, [...made.columns.values()], traits);
};

/** A picture of rows of values, ten milliseconds apart. */
const shown = (rows: (number | null)[][]): Picture => ({
  x: (rows[0] ?? []).map((_, i) => (i + 1) * 10),
  rows: rows.map((y, i) => ({ key: String(i), group: {}, y, s: y.map(() => 1 as const) })),
  additive: true,
  stepMs: 10,
});

describe("pictureOf", () => {
  it("[U2] breaks the line where windows are missing from all groups", () => {
    const { x, rows } = draw({ a: [10, 20, 50, 60] }, COUNT);
    expect(x).toEqual([10, 20, 30, 50, 60]);
    expect(rows[0]?.y).toEqual([10, 20, null, 50, 60]);
  });

  it("[U2] breaks only the line of the group that is missing", () => {
    const { x, rows } = draw({ a: [10, 20, 30, 40], b: [10, 40] }, COUNT);
    expect(x).toEqual([10, 20, 30, 40]);
    expect(rows[0]?.y).toEqual([10, 20, 30, 40]);
    expect(rows[1]?.y).toEqual([10, null, undefined, 40]);
  });

  it("[U2] keeps the line of a gauge that reports more rarely than its windows close", () => {
    const { x, rows } = draw({ a: [10, 60, 110, 160, 210, 510] }, GAUGE);
    expect(x).toEqual([10, 60, 110, 160, 210, 220, 510]);
    expect(rows[0]?.y).toEqual([10, 60, 110, 160, 210, null, 510]);
  });
});

describe("a picture", () => {
  it("[U2] stays as it was when the buffer goes on", () => {
    const made = buffer({ a: [10, 20] });
    const before = pictureOf(made, [...made.columns.values()], COUNT);
    made.merge([{ group: { host: "a" }, t: [20, 30], v: [99, 30], s: [1, 1] }]);
    expect(before.x).toEqual([10, 20]);
    expect(before.rows[0]?.y).toEqual([10, 20]);
  });
});

describe("valueRange", () => {
  it("[U1] sums what is stacked, and looks only at what is drawn", () => {
    const picture = draw({ a: [10, 20, 30], b: [10, 20] }, COUNT);
    expect(valueRange(picture, 0, 99, "bar", true)).toEqual([10, 40]);
    expect(valueRange(picture, 0, 99, "bar")).toEqual([10, 30]);
    expect(valueRange(picture, 25, 99, "bar", true)).toEqual([30, 30]);
    expect(valueRange(picture, 0, 9, "bar", true)).toEqual([10, 20]);
    expect(valueRange(picture, 30, 99, "bar")).toBeUndefined();
  });

  it("[U1] counts a bar whose window only overlaps the span: an hour's, while a minute is shown", () => {
    const hourly: Traits = { ...COUNT, stepMs: 3_600, sizeMs: 3_600 };
    const picture = draw({ a: [3_600, 7_200] }, hourly);
    expect(valueRange(picture, 4_000, 4_060, "bar")).toEqual([7_200, 7_200]);
    expect(valueRange(picture, 4_000, 4_060, "bar", true)).toEqual([7_200, 7_200]);
  });

  it("[U1] counts the points next to the span that a line runs to, and none further away", () => {
    const picture = draw({ a: [10, 20, 30, 40, 50] }, COUNT);
    expect(valueRange(picture, 31, 39, "line")).toEqual([30, 40]);
    expect(valueRange(picture, 30, 40, "line")).toEqual([30, 40]);
  });

  it("[U1] does not make up a zero, and holds each storey of a stack, below zero too", () => {
    expect(valueRange(shown([[-5, -7]]), 0, 99, "line")).toEqual([-7, -5]);
    expect(valueRange(shown([[10], [-8]]), 0, 99, "bar", true)).toEqual([2, 10]);
    expect(valueRange(shown([[null]]), 0, 99, "line")).toBeUndefined();
  });
});

describe("combinedColumn", () => {
  it("[U1] adds up the groups of each window", () => {
    expect(combinedColumn(buffer({ a: [10, 20], b: [20, 30] }), COUNT).v).toEqual([10, 40, 30]);
  });
});

describe("topKeys", () => {
  const reading = (key: string, value: number): Reading => ({ key, group: {}, value, t: 0, state: 1 });

  it("[U1] takes the largest, in an order that does not change with their values", () => {
    const found = [reading("c", 9), reading("a", 5), reading("b", 1)];
    expect(topKeys(found, 2, new Set())).toEqual(["a", "c"]);
  });

  it("[U1] keeps what is drawn until another is clearly larger", () => {
    expect(topKeys([reading("a", 10), reading("b", 11)], 1, new Set(["a"]))).toEqual(["a"]);
    expect(topKeys([reading("a", 10), reading("b", 13)], 1, new Set(["a"]))).toEqual(["b"]);
  });
});
