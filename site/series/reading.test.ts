import { describe, expect, it } from "vitest";
import type { PointState } from "../../protocol/series.ts";
import { combined, isKnownZero, readings, withPast, withSilent } from "./reading.ts";
import { SeriesBuffer } from "./series.ts";
import type { Traits } from "./traits.ts";

const COUNT: Traits = {
  additive: true,
  combine: "sum",
  stepMs: 1000,
  sizeMs: 1000,
  delayMs: 2000,
  tumbling: true,
};
const GAUGE: Traits = { ...COUNT, additive: false, combine: "mean" };

const buffer = (points: Record<string, [t: number, v: number, s: PointState][]>): SeriesBuffer => {
  const made = new SeriesBuffer();
  made.replace(
    Object.entries(points).map(([host, own]) => ({
      group: { host },
      t: own.map(([t]) => t),
      v: own.map(([, v]) => v),
      s: own.map(([, , s]) => s),
    })),
  );
  return made;
};
const valuesAt = (made: SeriesBuffer, traits: Traits, atMs: number) =>
  readings(made, traits, atMs).map(({ group, value }) => `${group["host"]}=${value}`);

describe("withSilent", () => {
  const made = buffer({
    a: [
      [1000, 5, 1],
      [2000, 6, 1],
    ],
    b: [[1000, 3, 1]],
  });
  const keysAt = (traits: Traits) =>
    withSilent(readings(made, traits, 2500), made, traits).map(
      ({ group, value }) => `${group["host"]}=${value}`,
    );

  it("[U1] keeps a group that has counted nothing last: its history is drawn", () => {
    expect(valuesAt(made, COUNT, 2500)).toEqual(["a=6"]);
    expect(keysAt(COUNT)).toEqual(["a=6", "b=0"]);
  });

  it("[U1] takes no gauge that does not report for zero", () => {
    expect(keysAt(GAUGE)).toEqual(valuesAt(made, GAUGE, 2500));
  });
});

describe("withPast", () => {
  const past = buffer({
    a: [
      [60_000, 300, 3],
      [120_000, 200, 3],
    ],
    b: [
      [60_000, 50, 3],
      [120_000, 40, 0],
    ],
  });
  const nowOf = (newest: SeriesBuffer, traits: Traits) =>
    withPast(
      readings(newest, traits, 121_500),
      past,
      { ...traits, stepMs: 60_000, sizeMs: 60_000 },
      121_500,
    ).map(({ group, value }) => `${group["host"]}=${value}`);
  const newest = buffer({ a: [[120_000, 3, 1]] });

  it("[U1] a count is that of its own windows, not of a long step; who counted nothing is at zero", () => {
    expect(nowOf(newest, COUNT)).toEqual(["a=3", "b=0"]);
    expect(nowOf(buffer({}), COUNT)).toEqual(["a=0", "b=0"]);
  });

  it("[U1] a gauge is that of who reports; where nobody does, the newest that is known", () => {
    expect(nowOf(newest, GAUGE)).toEqual(["a=3"]);
    expect(nowOf(buffer({}), GAUGE)).toEqual(["a=200", "b=40"]);
  });
});

describe("readings", () => {
  it("[U1] reads counts from the newest final window, not from those that still grow", () => {
    const made = buffer({
      a: [
        [1000, 5, 1],
        [2000, 6, 2],
        [3000, 1, 0],
      ],
    });
    expect(valuesAt(made, COUNT, 3500)).toEqual(["a=6"]);
  });

  it("[U1] reads an open window rather than nothing", () => {
    expect(valuesAt(buffer({ a: [[1000, 5, 0]] }), COUNT, 500)).toEqual(["a=5"]);
    expect(
      valuesAt(
        buffer({
          a: [
            [1000, 5, 1],
            [60_000, 7, 0],
          ],
        }),
        COUNT,
        60_000,
      ),
    ).toEqual(["a=7"]);
  });

  it("[U1] reads a short sliding count only when it is final", () => {
    const sliding = { ...COUNT, tumbling: false, sizeMs: 10_000 };
    expect(
      valuesAt(
        buffer({
          a: [
            [1000, 50, 1],
            [2000, 20, 0],
          ],
        }),
        sliding,
        1500,
      ),
    ).toEqual(["a=50"]);
  });

  it("[U1] leaves out a group that counted nothing in that window", () => {
    const made = buffer({
      a: [
        [1000, 5, 1],
        [2000, 6, 1],
      ],
      b: [[1000, 9, 1]],
    });
    expect(valuesAt(made, COUNT, 2000)).toEqual(["a=6"]);
  });

  it("[U1] reads a sliding count from the window that ends next, as it is nearly full", () => {
    const sliding = { ...COUNT, tumbling: false, sizeMs: 60_000 };
    const made = buffer({
      a: [
        [1000, 50, 1],
        [2000, 60, 0],
      ],
    });
    expect(valuesAt(made, sliding, 1500)).toEqual(["a=60"]);
  });

  it("[U1] reads a long running window before it is over", () => {
    const hourly = { ...COUNT, stepMs: 3_600_000, sizeMs: 3_600_000 };
    expect(valuesAt(buffer({ a: [[3_600_000, 7, 0]] }), hourly, 60_000)).toEqual(["a=7"]);
  });

  it("[U1] reads a gauge's newest value of each group, provisional or not", () => {
    const made = buffer({
      a: [
        [1000, 5, 1],
        [2000, 6, 0],
      ],
      b: [[1000, 9, 1]],
    });
    expect(valuesAt(made, GAUGE, 1500)).toEqual(["a=6", "b=9"]);
  });

  it("[U1] forgets a group that stopped reporting", () => {
    const made = buffer({ a: [[100_000, 6, 1]], gone: [[1000, 9, 1]] });
    expect(valuesAt(made, GAUGE, 100_000)).toEqual(["a=6"]);
  });

  it("reads nothing from nothing", () => {
    expect(readings(new SeriesBuffer(), COUNT, 1)).toEqual([]);
    expect(readings(new SeriesBuffer(), GAUGE, 1)).toEqual([]);
  });
});

describe("isKnownZero", () => {
  it("[W3] holds once the watermark has passed a whole window without points", () => {
    const made = buffer({ a: [[2000, 6, 1]] });
    expect(isKnownZero(made, COUNT, 2999, 9000)).toBe(false);
    expect(isKnownZero(made, COUNT, 3000, 9000)).toBe(true);
    expect(isKnownZero(made, COUNT, null, 9000)).toBe(false);
    expect(isKnownZero(made, GAUGE, 5000, 9000)).toBe(false);
  });
});

describe("combined", () => {
  it("[M2] adds counts, and takes extremes and means of the rest", () => {
    expect(combined([1, 2, 6], "sum")).toBe(9);
    expect(combined([1, 2, 6], "mean")).toBe(3);
    expect(combined([1, 2, 6], "lowest")).toBe(1);
    expect(combined([1, 2, 6], "highest")).toBe(6);
    expect(combined([], "sum")).toBeUndefined();
    expect(combined([1.5e308, 1.5e308], "sum")).toBe(Number.MAX_VALUE);
    expect(combined([1.5e308, 1.5e308], "mean")).toBe(1.5e308);
  });
});
