import { expect, it } from "vitest";
import { drawnThresholds, type GroupThreshold, mayShow } from "./group-thresholds.ts";

const bound: GroupThreshold = { value: 5, tone: "critical", when: "above", label: "slow" };
const drawn = ["europe", "asia", "america", "africa"].map((region) => ({ region, tier: "a" }));
const names = ["europe", "asia", "america", "africa"];
const of = (...regions: string[]): GroupThreshold => ({
  ...bound,
  groups: regions.map((region) => ({ region })),
});
const labels = (threshold: GroupThreshold, count = drawn.length) =>
  drawnThresholds([threshold], drawn.slice(0, count), names.slice(0, count)).map(({ label }) => label);

it("[A1] a bound of some groups is drawn only where one of them is, and says of which it is", () => {
  expect(labels(bound)).toEqual(["slow"]);
  expect(labels(of("asia"))).toEqual(["slow: asia"]);
  expect(labels(of("asia", "africa", "oceania"))).toEqual(["slow: asia, africa"]);
  expect(labels(of("asia", "africa", "europe"))).toEqual(["slow: 3 groups"]);
  expect(labels(of("oceania"))).toEqual([]);
  expect(labels(of("africa"), 2)).toEqual([]);
});

it("[A1] a bound of all that is drawn needs no names, nor does one without a label lack them", () => {
  expect(labels(of("europe"), 1)).toEqual(["slow"]);
  expect(labels({ ...bound, groups: [{ tier: "a" }] })).toEqual(["slow"]);
  expect(
    labels({ value: 5, tone: "critical", when: "above", groups: [{ region: "asia", tier: "a" }] }),
  ).toEqual(["asia"]);
  expect(labels({ ...bound, groups: [{ region: "asia", tier: "b" }] })).toEqual([]);
});

it("[A1] what fired of some groups is marked on panels that may show one of them", () => {
  const fired = [
    { region: "asia", tier: "a" },
    { region: "europe", tier: "b" },
  ];
  expect(mayShow([{ region: "asia" }], fired)).toBe(true);
  expect(mayShow([{ region: "africa" }, { tier: "b" }], fired)).toBe(true);
  expect(mayShow([{ region: "asia", tier: "b" }], fired)).toBe(false);
  expect(mayShow(undefined, fired)).toBe(true);
  expect(mayShow([], fired)).toBe(true);
  expect(mayShow([{ region: "africa" }], undefined)).toBe(true);
});
