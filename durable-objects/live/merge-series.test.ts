import { describe, expect, it } from "vitest";
import type { Series } from "../../protocol/series.ts";
import { mergeSeries } from "./merge-series.ts";

const a = (t: number[], v: (number | null)[]): Series => ({ group: { g: "a" }, t, v, s: t.map(() => 0) });

describe("[L5] merged frames", () => {
  it("[L5] hold the latest value of each time, ascending", () => {
    expect(mergeSeries([[a([3, 4], [1, 1])], [a([2, 3], [5, 6])], [a([4], [null])]])).toEqual([
      a([2, 3, 4], [5, 6, null]),
    ]);
  });

  it("[L5] keep groups and errors apart", () => {
    const b: Series = { group: { g: "b" }, t: [3], v: [9], s: [2], e: [1] };
    expect(mergeSeries([[a([3], [1])], [b]])).toEqual([a([3], [1]), b]);
  });

  it("[L5] of a single frame are that frame", () => {
    expect(mergeSeries([[a([3], [1])]])).toEqual([a([3], [1])]);
  });
});
