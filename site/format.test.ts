import * as fc from "fast-check";
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
    [0.04, "percent", "0.04%"],
    [-0.04, "percent", "-0.04%"],
    [0.000_4, "fraction", "0.04%"],
    [0, "percent", "0.0%"],
    [-0, "percent", "0.0%"],
    [3e-9, "percent", "3e-9%"],
    [-1.25e-9, "short", "-1.25e-9"],
    [5e-324, "ms", "4.94e-324 ms"],
    [4.5e14, "short", "450T"],
    [1e300, "short", "1e300"],
    [-1.234e17, "short", "-1.23e17"],
    [1e300, "usd", "$1e300"],
    [2 ** 60, "bytes", "1.15e18 B"],
    [1e300, "per_second", "1e300/s"],
    [1e25, "percent", "1e25%"],
    [1e300, "ms", "1.16e292 d"],
    [Number.MAX_VALUE, "short", "1.8e308"],
    [Number.MAX_VALUE, "fraction", "∞"],
    [Number.NEGATIVE_INFINITY, "short", "−∞"],
    [undefined, "short", "–"],
    [Number.NaN, "bytes", "–"],
  ] as const)("[U1] writes %s as %s: %s", (value, unit, text) => {
    expect(formatValue(value, unit)).toBe(text);
  });
});

describe("any number", () => {
  it("[U1] fits its place, keeps its sign, and is never written as zero unless it is zero", () => {
    const units = [
      "short",
      "percent",
      "fraction",
      "bytes",
      "bits/s",
      "usd",
      "ms",
      "s",
      "per_second",
    ] as const;
    const check = (value: number, unit: (typeof units)[number]): void => {
      for (const text of [formatValue(value, unit), formatTick(value, unit)]) {
        expect(text.length).toBeLessThanOrEqual(16);
        expect(/[1-9∞]/.test(text)).toBe(value !== 0);
        expect(/^[-−]/.test(text)).toBe(value < 0);
      }
    };
    fc.assert(fc.property(fc.double({ noNaN: true }), fc.constantFrom(...units), check));
    fc.assert(fc.property(fc.double({ min: -1e7, max: 1e7, noNaN: true }), fc.constantFrom(...units), check));
  });

  it("[U1] as a tick is what it is as a value", () => {
    for (const value of [1.5e300, 1e20, 2e-9, 100, 0.000_1])
      expect(formatTick(value, "short")).toBe(formatValue(value, "short"));
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

  it("[U4] is about so long where no unit has few digits of it", () => {
    expect(formatSpan(3_650 * 86_400_000)).toBe("3650 d");
    expect([8_645_000, 25_921_000, 217_000, 999_000, 1_234, 86_461_000].map(formatSpan)).toEqual([
      "≈ 2.4 h",
      "≈ 7.2 h",
      "217 s",
      "999 s",
      "≈ 1.2 s",
      "≈ 1 d",
    ]);
  });
});
