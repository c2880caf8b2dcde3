import { describe, expect, it } from "vitest";
import type { Series } from "../../protocol/series.ts";
import { LivePicture } from "./picture.ts";

const series = (g: string, t: number[], v: (number | null)[]): Series => ({
  group: { g },
  t,
  v,
  s: t.map(() => 0),
});
const common = { id: "s1", cursor: "c", watermark: 7 };

describe("[L3] the picture of a subscription", () => {
  it("[L3] a snapshot takes its place, a recovered one and deltas are laid over it", () => {
    const picture = new LivePicture();
    picture.snapshot({
      type: "snapshot",
      ...common,
      recovered: false,
      series: [series("a", [1, 2], [5, 6])],
    });
    picture.delta({ type: "delta", ...common, lag: 0, series: [series("a", [2, 3], [7, null])] });
    picture.snapshot({ type: "snapshot", ...common, recovered: true, series: [series("b", [3], [1])] });
    expect(picture.groups()).toEqual([{ g: "a" }, { g: "b" }]);
    expect(picture.points({ g: "a" }).map(({ t, value }) => [t, value])).toEqual([
      [1, 5],
      [2, 7],
      [3, null],
    ]);
    expect(picture.newest({ g: "b" })).toEqual({ t: 3, value: 1, state: 0 });
    picture.snapshot({ type: "snapshot", ...common, recovered: false, series: [] });
    expect(picture.groups()).toEqual([]);
    expect(picture.watermark).toBe(7);
  });

  it("[L3] is bounded in time", () => {
    const picture = new LivePicture();
    picture.delta({
      type: "delta",
      ...common,
      lag: 0,
      series: [series("a", [1, 2, 3], [1, 1, 1]), series("b", [1], [1])],
    });
    picture.trim(3);
    expect(picture.groups()).toEqual([{ g: "a" }]);
    expect(picture.points({ g: "a" })).toHaveLength(1);
    expect(picture.points({ g: "b" })).toEqual([]);
    // What is late may come after what is newer.
    picture.delta({
      type: "delta",
      ...common,
      lag: 0,
      series: [series("b", [9], [1]), series("b", [5], [1])],
    });
    picture.trim(4);
    expect(picture.points({ g: "a" })).toEqual([]);
    picture.trim(6);
    expect(picture.points({ g: "b" }).map(({ t }) => t)).toEqual([9]);
    expect(picture.newest({ g: "a" })).toBeUndefined();
  });
});
