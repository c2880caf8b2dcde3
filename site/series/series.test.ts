import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Series } from "../../protocol/series.ts";
import { groupKey, lowerBound, rhythmMs, SeriesBuffer } from "./series.ts";

const series = (host: string, points: [t: number, v: number | null, s?: 0 | 1 | 2 | 3][]): Series => ({
  group: { host },
  t: points.map(([t]) => t),
  v: points.map(([, v]) => v),
  s: points.map(([, , s = 1]) => s),
});
const valuesOf = (buffer: SeriesBuffer, host: string) => buffer.columns.get(groupKey({ host }))?.v;

describe("SeriesBuffer", () => {
  it("[L2] aligns groups on one time axis and leaves holes undefined", () => {
    const buffer = new SeriesBuffer();
    buffer.replace([
      series("a", [
        [1, 10],
        [3, 30],
      ]),
      series("b", [
        [2, 20],
        [3, 31],
      ]),
    ]);
    expect(buffer.t).toEqual([1, 2, 3]);
    expect(valuesOf(buffer, "a")).toEqual([10, undefined, 30]);
    expect(valuesOf(buffer, "b")).toEqual([undefined, 20, 31]);
  });

  it("[L2] replaces the point at a time it has, appends newer ones and inserts late ones", () => {
    const buffer = new SeriesBuffer();
    buffer.replace([
      series("a", [
        [1, 10],
        [3, 30, 0],
      ]),
    ]);
    buffer.merge([
      series("a", [
        [2, 20],
        [3, 33, 1],
        [4, 40, 0],
      ]),
    ]);
    expect(buffer.t).toEqual([1, 2, 3, 4]);
    expect(valuesOf(buffer, "a")).toEqual([10, 20, 33, 40]);
    expect(buffer.columns.get(groupKey({ host: "a" }))?.s).toEqual([1, 1, 1, 0]);
  });

  it("[U3] tells news from a mere change of state", () => {
    const buffer = new SeriesBuffer();
    expect(buffer.merge([series("a", [[1, 10, 0]])])).toBe(true);
    expect(buffer.merge([series("a", [[1, 10, 1]])])).toBe(false);
    expect(buffer.merge([series("a", [[1, 11, 2]])])).toBe(true);
    expect(buffer.merge([])).toBe(false);
  });

  it("forgets what a new snapshot does not hold", () => {
    const buffer = new SeriesBuffer();
    buffer.replace([series("a", [[1, 10]]), series("gone", [[1, 11]])]);
    buffer.replace([series("a", [[2, 20]])]);
    expect(buffer.t).toEqual([2]);
    expect([...buffer.columns.keys()]).toEqual([groupKey({ host: "a" })]);
  });

  it("trims old rows and groups that have none left", () => {
    const buffer = new SeriesBuffer();
    const old = Array.from({ length: 100 }, (_, i): [number, number] => [i, i]);
    buffer.replace([series("a", old), series("b", [[5, 5]])]);
    buffer.trim(90);
    expect(buffer.t).toEqual([90, 91, 92, 93, 94, 95, 96, 97, 98, 99]);
    expect(valuesOf(buffer, "a")).toEqual(buffer.t);
    expect(valuesOf(buffer, "b")).toBeUndefined();
  });

  it("[U2] keeps no points when all have been passed, however few they are", () => {
    const buffer = new SeriesBuffer();
    buffer.replace([series("a", [[1, 1]]), series("b", [[2, 2]])]);
    buffer.trim(2);
    expect(buffer.t).toEqual([1, 2]);
    buffer.trim(3);
    expect(buffer.t).toEqual([]);
    expect(buffer.columns.size).toBe(0);
    const { version } = buffer;
    buffer.trim(4);
    expect(buffer.version).toBe(version);
  });

  it("[U2] says whether there is a value from some time on", () => {
    const buffer = new SeriesBuffer();
    buffer.replace([series("a", [[1, 1]]), series("b", [[2, null]])]);
    expect(buffer.hasValuesFrom(1)).toBe(true);
    expect(buffer.hasValuesFrom(2)).toBe(false);
  });

  it("[U1] knows points without a value from values", () => {
    const buffer = new SeriesBuffer();
    buffer.replace([series("a", [[1, null]])]);
    expect(buffer.hasValuesFrom(0)).toBe(false);
    buffer.merge([series("a", [[2, 0]])]);
    expect(buffer.hasValuesFrom(0)).toBe(true);
  });

  it("keeps one group whatever order its keys come in", () => {
    expect(groupKey({ a: "1", b: "2" })).toBe(groupKey({ b: "2", a: "1" }));
  });

  it("ends with the same picture as a map from group and time to the last value", () => {
    const delta = fc.array(
      fc.record({
        host: fc.constantFrom("a", "b", "c"),
        t: fc.integer({ min: 0, max: 30 }),
        v: fc.integer(),
      }),
      { maxLength: 12 },
    );
    fc.assert(
      fc.property(fc.array(delta, { maxLength: 20 }), (deltas) => {
        const buffer = new SeriesBuffer();
        const expected = new Map<string, number>();
        for (const points of deltas) {
          const byHost = Map.groupBy(points, ({ host }) => host);
          const parts = [...byHost].map(([host, own]) => {
            const last = new Map(own.map(({ t, v }) => [t, v]));
            const sorted = [...last].sort(([a], [b]) => a - b);
            for (const [t, v] of sorted) expected.set(`${host} ${t}`, v);
            return series(host, sorted);
          });
          buffer.merge(parts);
        }
        const found = new Map<string, number>();
        for (const { group, v } of buffer.columns.values()) {
          expect(v.length).toBe(buffer.t.length);
          for (const [i, value] of v.entries()) {
            if (typeof value === "number") found.set(`${group["host"]} ${buffer.t[i]}`, value);
          }
        }
        expect(new Map([...found].sort())).toEqual(new Map([...expected].sort()));
        expect(buffer.t).toEqual([...new Set(buffer.t)].sort((a, b) => a - b));
      }),
      { numRuns: 300 },
    );
  });
});

describe("lowerBound", () => {
  it("finds the first index that is not below the bound", () => {
    expect([0, 10, 15, 30, 31].map((bound) => lowerBound([10, 20, 30], bound))).toEqual([0, 0, 1, 2, 3]);
  });
});

describe("rhythmMs", () => {
  it("is the median distance of points, holes left out", () => {
    expect(rhythmMs([1, 2, 3, 4, 5, 6, 7], [1, undefined, 1, undefined, 1, 1, undefined])).toBe(2);
    expect(rhythmMs([1], [1])).toBe(0);
  });
});
