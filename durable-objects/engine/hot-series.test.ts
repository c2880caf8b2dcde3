import { describe, expect, it } from "vitest";
import { define } from "../../test/helpers/window-feed.ts";
import { compileMetric } from "./compiled-metric.ts";
import { countSamples, HotSeriesBuilder } from "./hot-series.ts";
import { shardNameOf } from "./placement.ts";

describe("[S1] sealed points as series", () => {
  it("[S1] points of one series are one, in order; one without a number is none", () => {
    const count = compileMetric(
      define({
        groupBy: ["g"],
        aggregate: "sum(value)",
        window: { type: "sliding", size: "2s", every: "1s" },
      }),
    );
    const builder = new HotSeriesBuilder("p");
    builder.add(count, [
      [1_000, "a", 1, 0],
      [1_000, "b", null as unknown as number, 0],
      [2_000, "a", 2.5, 1],
    ]);
    builder.add(count, [[3_000, "a", 4, 0]]);
    const series = builder.take();
    expect(series).toEqual([
      {
        labels: [
          ["__name__", "m"],
          ["freshet_project", "p"],
          ["g", "a"],
        ],
        t: [1_000, 2_000, 3_000],
        v: [1, 2.5, 4],
      },
    ]);
    expect(countSamples(series)).toBe(3);
  });

  it("[S1] what each object of a split metric folds is a series of its own", () => {
    const split = compileMetric(define({ groupBy: ["g"], shards: 4 }));
    const builder = new HotSeriesBuilder("p", shardNameOf("p/m/2.4"));
    builder.add(split, [
      [1_000, "a", 1, 0],
      [1_000, "__other__", 5, 0],
    ]);
    const labels = builder.take().map((series) => Object.fromEntries(series.labels));
    expect(labels).toMatchObject([{ g: "a" }, { g: "__other__", freshet_shard: "2" }]);
    expect(labels[0]).not.toHaveProperty("freshet_shard");
    expect(shardNameOf("p")).toBeUndefined();
  });
});
