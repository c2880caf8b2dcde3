import { describe, expect, it } from "vitest";
import { stackBases, stackedPicture } from "./chart-stack.ts";
import { heatCells, heatCellMs, heatColor, heatShare, namedEvery } from "../on-demand/chart-heat.ts";
import { valueRange, type Picture } from "./picture.ts";
import type { Cell } from "../series/series.ts";

const pictureOfRows = (x: number[], ...rows: Cell[][]): Picture => ({
  x,
  rows: rows.map((y, i) => ({ key: String(i), group: {}, y, s: y.map(() => 1 as const) })),
  additive: true,
  stepMs: 10,
});

describe("stacking", () => {
  it("[U1] each row stands on those below; who has no value counted nothing", () => {
    const picture = pictureOfRows([10, 20, 30], [1, undefined, 3], [5, 6, 7]);
    const bases = stackBases(picture);
    expect(bases).toEqual([
      [0, 0, 0],
      [1, 0, 3],
    ]);
    expect(stackedPicture(picture, bases).rows.map(({ y }) => y)).toEqual([
      [1, 0, 3],
      [6, 6, 10],
    ]);
  });

  it("[U1] ends at the largest number, where the sum would be none", () => {
    const picture = pictureOfRows([10], [1.5e308], [1.5e308], [1.5e308]);
    const bases = stackBases(picture);
    expect(bases.flat()).toEqual([0, 1.5e308, Number.MAX_VALUE]);
    expect(stackedPicture(picture, bases).rows.map(({ y }) => y[0])).toEqual([
      1.5e308,
      Number.MAX_VALUE,
      Number.MAX_VALUE,
    ]);
    expect(valueRange(picture, 0, 20, "line", true)).toEqual([1.5e308, Number.MAX_VALUE]);
  });

  it("[U2] a time at which none has a value is a break in all", () => {
    const picture = pictureOfRows([10, 20, 30], [1, null, 3], [1, undefined, 3]);
    for (const { y } of stackedPicture(picture, stackBases(picture)).rows) expect(y[1]).toBe(null);
  });
});

describe("a heatmap's cells", () => {
  it("[U1] hold the greatest of the points that share one, and none for a gap", () => {
    const cells = heatCells(pictureOfRows([10, 20, 30, 40, 70], [1, 5, undefined, 2, 9]), 0, 80, 20);
    expect(cells.map(({ fromMs, toMs, value }) => [fromMs, toMs, value])).toEqual([
      [0, 20, 5],
      [20, 40, 2],
      [60, 80, 9],
    ]);
  });

  it("[U1] tell whether a point of theirs is provisional or revised", () => {
    const picture = pictureOfRows([10, 20, 30, 40], [1, 1, 1, 1]);
    picture.rows[0]?.s.splice(0, 4, 1, 2, 3, 0);
    expect(heatCells(picture, 0, 40, 20).map(({ revised, provisional }) => [revised, provisional])).toEqual([
      [true, false],
      [false, true],
    ]);
  });

  it("[U1] are as long as a multiple of the points' distance that can be seen, and coloured by level", () => {
    expect(heatCellMs(1_000, 10)).toBe(1_000);
    expect(heatCellMs(1_000, 500)).toBe(3_000);
    expect([0, 0.5, 1, 7].map((share) => heatColor(["a", "b", "c"], share))).toEqual(["a", "b", "c", "c"]);
  });

  it("[U1] are told apart below zero, too, and the scale begins at the least then", () => {
    const shares = (...values: number[]): number[] =>
      values.map(heatShare(values.map((value) => ({ value }))));
    expect(shares(0, 5, 10)).toEqual([0, 0.5, 1]);
    expect(shares(-5, 0)).toEqual([0, 1]);
    expect(shares(-5, 0, 5)).toEqual([0, 0.5, 1]);
    expect(shares(0, 0)).toEqual([0, 0]);
    expect(shares(-1.7e308, 0, 1.7e308)).toEqual([0, 0.5, 1]);
  });
});

describe("the rows' names", () => {
  it("[U1] stand at each row where there is room", () => {
    expect(namedEvery(20, 280)).toBe(1);
    expect(namedEvery(0, 280)).toBe(1);
  });

  it("[U1] do not cover each other where rows are lower than a name", () => {
    for (const [rows, heightPx] of [
      [20, 120],
      [40, 300],
      [1_000, 48],
    ] as const) {
      expect((heightPx / rows) * namedEvery(rows, heightPx)).toBeGreaterThanOrEqual(13);
    }
  });
});
