import { describe, expect, it } from "vitest";
import { AGGREGATE_NAMES, parseAggregate } from "../../protocol/aggregate-spec.ts";
import type { MetricSource } from "../../protocol/metric.ts";
import { resampledTraits, traitsOf } from "./traits.ts";

const METRIC: MetricSource = {
  name: "m",
  event: "e",
  aggregate: "count",
  window: { type: "tumbling", size: "10s" },
};

describe("traitsOf", () => {
  it("[U1] reads windows of each type", () => {
    expect(traitsOf(METRIC)).toMatchObject({
      stepMs: 10_000,
      sizeMs: 10_000,
      tumbling: true,
      delayMs: 2_000,
    });
    const sliding = { type: "sliding", size: "1m", every: "1s" } as const;
    expect(traitsOf({ ...METRIC, window: sliding, delay: "500ms" })).toMatchObject({
      stepMs: 1_000,
      sizeMs: 60_000,
      tumbling: false,
      delayMs: 500,
    });
    expect(traitsOf({ ...METRIC, window: { type: "session", gap: "15s" } })).toMatchObject({
      stepMs: 60_000,
    });
  });

  it("[U1] knows every aggregate there is", () => {
    const written = { percentile: "p99.9(value)", topk: "topk(5, site)", count: "count", rate: "rate" };
    const combined = AGGREGATE_NAMES.map((name) => {
      const aggregate = (written as Record<string, string>)[name] ?? `${name}(value)`;
      expect(parseAggregate(aggregate).ok).toBe(true);
      return [name, traitsOf({ ...METRIC, aggregate }).combine];
    });
    expect(Object.fromEntries(combined)).toEqual({
      count: "sum",
      rate: "sum",
      sum: "sum",
      min: "lowest",
      max: "highest",
      avg: "mean",
      last: "mean",
      percentile: "highest",
      uniques: "highest",
      topk: "sum",
      histogram: "sum",
    });
  });

  it("[U1] knows the key that names a histogram's buckets, however it is written", () => {
    for (const aggregate of ["histogram(took ms)", " histogram ( took ms ) "]) {
      expect(parseAggregate(aggregate)).toMatchObject({ ok: true, value: { field: "took ms" } });
      expect(traitsOf({ ...METRIC, aggregate }).bucketKey).toBe("took ms");
    }
    expect(traitsOf({ ...METRIC, aggregate: "p95(histogram)" }).bucketKey).toBeUndefined();
  });

  it("[U4] points further apart stand for as much, unless their windows overlap", () => {
    expect(resampledTraits(traitsOf(METRIC), 60_000)).toMatchObject({ stepMs: 60_000, sizeMs: 60_000 });
    const sliding = traitsOf({ ...METRIC, window: { type: "sliding", size: "30s", every: "1s" } });
    expect(resampledTraits(sliding, 60_000)).toMatchObject({ stepMs: 60_000, sizeMs: 30_000 });
  });
});
