import { describe, expect, it } from "vitest";
import { numberText } from "../answer.ts";
import { evaluate } from "./evaluate.ts";
import { parseQuery } from "./parse.ts";
import { matchesLabels } from "./matcher.ts";
import { Budget, type SampleSeries, type Steps } from "./series.ts";

/** One series, a sample every 10 s from 0, as Prometheus's own tests load them. */
function series(labels: Record<string, string>, v: number[], everyMs = 10_000): SampleSeries {
  const sorted = Object.entries({ __name__: "m", ...labels }).sort(([a], [b]) => (a < b ? -1 : 1));
  return { labels: new Map(sorted), t: v.map((_, i) => i * everyMs), v };
}

function run(
  query: string,
  data: SampleSeries[],
  steps: Steps,
  budget = 1e6,
): Record<string, (number | undefined)[]> {
  const value = evaluate(parseQuery(query), {
    steps,
    samplesOf: ({ matchers }) => data.filter(({ labels }) => matchesLabels(matchers, labels)),
    budget: new Budget(budget),
  });
  if (value.type === "scalar") return { scalar: [...value.values] };
  return Object.fromEntries(
    value.columns.map(({ labels, values, present }) => [
      Array.from(labels, ([name, text]) => `${name}=${text}`).join(","),
      Array.from(values, (each, i) => (present[i] === 1 ? each : undefined)),
    ]),
  );
}

const at = (ms: number): Steps => ({ startMs: ms, stepMs: 1, count: 1 });

describe("[S3] evaluating PromQL", () => {
  it("[S3] an instant looks back five minutes, and no further", () => {
    const one = series({}, [7]);
    expect(run("m", [one], { startMs: 0, stepMs: 100_000, count: 4 })).toEqual({
      "__name__=m": [7, 7, 7, undefined],
    });
    expect(run("m", [one], at(299_999))).toEqual({ "__name__=m": [7] });
    expect(run("m", [one], at(300_000))).toEqual({});
    expect(run("m", [one], at(-1))).toEqual({});
  });

  it("[S3] a range is open at its beginning and closed at its end", () => {
    const data = [series({}, [1, 2, 4, 8])];
    expect(run("sum_over_time(m[20s])", data, at(20_000))).toEqual({ "": [6] });
    expect(run("sum_over_time(m[20s])", data, at(30_000))).toEqual({ "": [12] });
    expect(run("count_over_time(m[10s] offset 10s)", data, at(20_000))).toEqual({ "": [1] });
    expect(run("sum_over_time(m[20s] offset -20s)", data, at(0))).toEqual({ "": [6] });
  });

  // 0+10x10 every 5 m, as Prometheus's own tests have it: nine steps of ten, or eight around a reset, are extended to 50 m.
  it.each([
    ["rate(m[50m])", [0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100], 3_000_000, 100 / 3_000],
    ["increase(m[50m])", [0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100], 3_000_000, 100],
    ["increase(m[50m])", [0, 10, 20, 30, 40, 50, 0, 10, 20, 30, 40], 3_000_000, (80 * 3_000) / 2_700],
  ])("[S3] %s of %j", (query, values, endMs, expected) => {
    const [only] = Object.values(run(query, [series({}, values, 300_000)], at(endMs)));
    expect(only?.[0]).toBeCloseTo(expected, 9);
  });

  it("[S3] rate needs two samples, and never reaches below zero", () => {
    expect(run("rate(m[20s])", [series({}, [5])], at(0))).toEqual({});
    // The first sample is 10 s after the range's beginning, but the counter was zero 2.5 s before it.
    const late: SampleSeries = { labels: new Map([["__name__", "m"]]), t: [10_000, 20_000], v: [1, 5] };
    expect(run("increase(m[20s])", [late], at(20_000))[""]?.[0]).toBeCloseTo(5, 9);
  });

  it("[S3] aggregates by and without, and passes over what is absent", () => {
    const data = [
      series({ a: "x", b: "1" }, [1, 2]),
      series({ a: "x", b: "2" }, [10, 20]),
      series({ a: "y" }, [100]),
    ];
    const steps = { startMs: 0, stepMs: 310_000, count: 2 };
    expect(run("sum by (a) (m)", data, steps)).toEqual({ "a=x": [11, undefined], "a=y": [100, undefined] });
    expect(run("max without (b) (m)", data, at(10_000))).toEqual({ "a=x": [20], "a=y": [100] });
    expect(run("avg(m)", data, at(0))).toEqual({ "": [37] });
    expect(run("count by (b) (m)", data, at(0))).toEqual({ "b=1": [1], "b=2": [1], "": [1] });
    expect(run("min by (c) (m)", [], at(0))).toEqual({});
  });

  it("[S3] powers, remainders and signs are Prometheus's", () => {
    for (const [query, value] of [
      ["-2^2", -4],
      ["2^3^2", 512],
      ["-7 % 3", -1],
      ["1 - -1", 2],
      ["1 ^ NaN", 1],
      ["0 / 0", Number.NaN],
      ["-1 / 0", Number.NEGATIVE_INFINITY],
      ["0x10 + 010", 24],
      ["1m + 1", 61],
    ] as const) {
      expect(run(query, [], at(0)), query).toEqual({ scalar: [value] });
    }
  });

  it("[S3] work is bounded", () => {
    const many = Array.from({ length: 100 }, (_, i) => series({ i: String(i) }, [1]));
    const steps = { startMs: 0, stepMs: 1, count: 1_000 };
    expect(() => run("m", many, steps, 500_000)).toThrow("more than 500000 samples");
  });

  it.each([
    [0.1, "0.1"],
    [1e21, "1e+21"],
    [1e-7, "1e-07"],
    [1.5e-10, "1.5e-10"],
    [-0, "-0"],
    [Number.NaN, "NaN"],
    [Number.POSITIVE_INFINITY, "+Inf"],
    [Number.NEGATIVE_INFINITY, "-Inf"],
  ])("[S3] %d is written %s", (value, text) => {
    expect(numberText(value)).toBe(text);
  });
});
