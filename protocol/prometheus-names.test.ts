import { describe, expect, it } from "vitest";
import { parseMetric } from "./metric.ts";
import { SeriesNaming, seriesName } from "./prometheus-names.ts";

function naming(overrides: object, name = "m"): SeriesNaming {
  const source = { event: "e", aggregate: "count", window: { type: "tumbling", size: "1s" }, ...overrides };
  const metric = parseMetric(name, source);
  if (!metric.ok) throw new Error(metric.message);
  return new SeriesNaming("shop", metric.value);
}

describe("[S3] how a metric is a series", () => {
  it("[S3] the group's keys are labels, an empty value is no label", () => {
    const clicks = naming({ groupBy: ["campaign", "country"] }, "ad_clicks");
    expect(clicks.labelsOf({ campaign: "autumn", country: "" })).toEqual([
      ["__name__", "ad_clicks"],
      ["campaign", "autumn"],
      ["freshet_project", "shop"],
    ]);
  });

  it("[S3] what Prometheus does not allow becomes _", () => {
    expect(seriesName("http.server-time:p95")).toBe("http_server_time:p95");
    const labels = naming({ groupBy: ["user agent", "größe", "2nd", "__name__", "_ok"] }).labelsOf({
      "user agent": "1",
      größe: "2",
      "2nd": "3",
      __name__: "4",
      _ok: "5",
    });
    expect(Object.fromEntries(labels)).toEqual({
      __name__: "m",
      freshet_project: "shop",
      user_agent: "1",
      gr__e: "2",
      key_2nd: "3",
      key___name__: "4",
      _ok: "5",
    });
  });

  it("[S3] keys that would be one label are told apart by their order", () => {
    const labels = naming({ groupBy: ["a.b", "a_b", "a-b", "freshet_project"] }).labelsOf({
      "a.b": "1",
      a_b: "2",
      "a-b": "3",
      freshet_project: "4",
    });
    expect(Object.fromEntries(labels)).toMatchObject({
      a_b: "1",
      a_b_2: "2",
      a_b_3: "3",
      freshet_project: "shop",
      freshet_project_2: "4",
    });
  });

  it("[S3] a percentile has its p as quantile, a ranking its items, a histogram its bounds as a label", () => {
    const slow = naming({ aggregate: "p99.9(value)", groupBy: ["quantile"] });
    expect(Object.fromEntries(slow.labelsOf({ quantile: "x" }))).toMatchObject({
      quantile: "0.999",
      quantile_2: "x",
    });
    const top = naming({ aggregate: "topk(3, page)", groupBy: ["country"] });
    expect(top.labelsOf({ country: "DE", page: "/" })).toContainEqual(["page", "/"]);
    const spread = naming({ aggregate: "histogram(value)", groupBy: ["country"] });
    expect(spread.labelsOf({ country: "DE", value: "0.5" })).toContainEqual(["value", "0.5"]);
    expect(spread.groupOf({ country: "DE", value: "+Inf" })).toEqual({ country: "DE", value: "+Inf" });
    expect(spread.labelNames()).toContain("value");
  });
});
