import { describe, expect, it } from "vitest";
import { formatAge, formatSpan, formatTick, formatValue } from "./format.ts";

describe("formatValue", () => {
  it.each([
    [0, "short", "0"],
    [7, "short", "7"],
    [999.7, "short", "1.00k"],
    [1_234, "short", "1.23k"],
    [12_345_678, "short", "12.3M"],
    [-1_500, "short", "-1.50k"],
    [0.004, "short", "0.004"],
    [42.06, "percent", "42.1%"],
    [100, "percent", "100%"],
    [0.1234, "fraction", "12.3%"],
    [-0.05, "fraction", "-5.0%"],
    [512, "bytes", "512 B"],
    [1_610_612_736, "bytes", "1.50 GiB"],
    [3_500_000, "bytes/s", "3.50 MB/s"],
    [1_240, "usd", "$1.24k"],
    [-3.5, "eur", "−€3.50"],
    [2_500_000, "bits/s", "2.50 Mbit/s"],
    [0.42, "ms", "0.42 ms"],
    [1_240, "ms", "1.24 s"],
    [90, "s", "1.50 min"],
    [0.25, "s", "250 ms"],
    [1_200, "per_second", "1.20k/s"],
    [undefined, "short", "–"],
    [Number.NaN, "bytes", "–"],
  ] as const)("[U1] writes %s as %s: %s", (value, unit, text) => {
    expect(formatValue(value, unit)).toBe(text);
  });
});

describe("formatTick", () => {
  it("[U1] leaves out digits that say nothing", () => {
    expect([0, 500, 1_000, 1_500].map((value) => formatTick(value, "short"))).toEqual([
      "0",
      "500",
      "1k",
      "1.5k",
    ]);
    expect(formatTick(60, "percent")).toBe("60%");
    expect([0, 0.05].map((value) => formatTick(value, "fraction"))).toEqual(["0%", "5%"]);
    expect(formatTick(2 ** 32, "bytes")).toBe("4 GiB");
  });
});

describe("formatAge", () => {
  it("[U3] grows coarser with age", () => {
    const ages = [0, 420, 12_300, 99_000, 180_000, 7_200_000, 432_000_000];
    expect(ages.map(formatAge)).toEqual(["0.0 s", "0.4 s", "12 s", "99 s", "3 min", "2 h", "5 d"]);
  });
});

describe("formatSpan", () => {
  it("names a range in its own unit", () => {
    expect([900_000, 3_600_000, 5_400_000, 30_000].map(formatSpan)).toEqual([
      "15 min",
      "1 h",
      "1.5 h",
      "30 s",
    ]);
  });
});
