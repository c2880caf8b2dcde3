import { describe, expect, it } from "vitest";
import { parseMetric } from "../../protocol/metric.ts";
import { ClosedEnds } from "./closed-ends.ts";

const parsed = parseMetric("m", {
  name: "m",
  event: "e",
  aggregate: "count",
  window: { type: "tumbling", size: "1s" },
  lateness: "3s",
});
if (!parsed.ok) throw new Error(parsed.message);
const metric = parsed.value;

describe("[L3] windows that close while a view of them is watched", () => {
  it("[L3] are told once when they are final, and once when they are sealed", () => {
    const ends = new ClosedEnds();
    ends.told("v", metric, 10_900);
    expect(ends.moved("v", metric, 10_999)).toEqual([]);
    expect(ends.moved("v", metric, 12_000)).toEqual([12_000, 11_000, 9_000, 8_000]);
    expect(ends.moved("v", metric, 12_000)).toEqual([]);
    expect(ends.moved("v", metric, 11_000)).toEqual([]);
  });

  it("[L3] are told of anew to whoever is given an older picture, and by a picture where time has leapt", () => {
    const ends = new ClosedEnds();
    expect(ends.moved("v", metric, 20_000)).toEqual([]);
    ends.told("v", metric, 19_000);
    expect(ends.moved("v", metric, 20_000)).toEqual([20_000, 17_000]);
    expect(ends.moved("v", metric, 5_000_000)).toBeUndefined();
    expect(ends.moved("v", metric, 5_001_000)).toEqual([5_001_000, 4_998_000]);
  });
});
