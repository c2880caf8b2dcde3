import * as fc from "fast-check";
import type uPlot from "uplot";
import { describe, expect, it } from "vitest";
import { barRects, type BarRect } from "./chart-bars.ts";
import { stackBases } from "../chart/chart-stack.ts";
import { pictureOf, type Picture } from "../chart/picture.ts";
import { SeriesBuffer } from "../series/series.ts";
import type { Traits } from "../series/traits.ts";

const SLIDING: Traits = {
  additive: true,
  combine: "sum",
  stepMs: 1_000,
  sizeMs: 60_000,
  delayMs: 0,
  tumbling: false,
};
const PERCENTILE: Traits = { ...SLIDING, additive: false, combine: "highest" };
const POINTS = 10;

/** As much of a plot as bars ask for: from 0 to 10 s on `width` pixels, values from 0 to 100 on 100. */
const plotOf = (width: number): uPlot =>
  ({
    scales: { x: { min: 0, max: POINTS * 1_000 }, y: { min: 0, max: 100 } },
    valToPos: (value: number, scale: string) =>
      scale === "x" ? (value / (POINTS * 1_000)) * width : 100 - value,
  }) as unknown as uPlot;

const pictureFor = (groups: number, traits: Traits): Picture => {
  const buffer = new SeriesBuffer();
  const t = Array.from({ length: POINTS }, (_, i) => (i + 1) * 1_000);
  buffer.replace(
    Array.from({ length: groups }, (_, i) => ({
      group: { host: `h${i}` },
      t,
      v: t.map(() => 10),
      s: t.map(() => 1 as const),
    })),
  );
  return pictureOf(buffer, [...buffer.columns.values()], traits);
};

const hides = (a: BarRect, b: BarRect): boolean =>
  Math.min(a.left + a.width, b.left + b.width) - Math.max(a.left, b.left) > 1e-6 &&
  Math.min(a.top + a.height, b.top + b.height) - Math.max(a.top, b.top) > 1e-6;

describe("barRects", () => {
  it("[U1] bars of windows that overlap are a step wide: none covers its neighbour", () => {
    const rects = barRects(plotOf(400), pictureFor(1, SLIDING), 0, [0]);
    expect(rects.map(({ left, width }) => [left, width])).toEqual(
      Array.from({ length: POINTS }, (_, i) => [i * 40, 38]),
    );
  });

  it("[U1] no bar hides another, whatever the groups, the width and the kind of values", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 60, max: 2_000 }),
        fc.constantFrom(SLIDING, PERCENTILE),
        (groups, width, traits) => {
          const picture = pictureFor(groups, traits);
          const bases = traits.additive ? stackBases(picture) : [];
          const rects = picture.rows.flatMap((_, row) => barRects(plotOf(width), picture, row, bases[row]));
          expect(rects).toHaveLength(groups * POINTS);
          expect(rects.filter((a, i) => rects.some((b, j) => j > i && hides(b, a)))).toEqual([]);
        },
      ),
    );
  });
});
