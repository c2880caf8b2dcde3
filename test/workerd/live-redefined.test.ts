import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import type { DeltaMessage, ErrorMessage, SnapshotMessage } from "../../protocol/live.ts";
import type { MetricSource } from "../../protocol/metric.ts";
import type { ViewSource } from "../../protocol/view.ts";
import { type LiveSocket, TestProject } from "./project.ts";

const metric = (name: string, event: string, more: Partial<MetricSource> = {}): MetricSource => ({
  name,
  event,
  aggregate: "count",
  window: { type: "tumbling", size: "1h" },
  ...more,
});
const CLICKS = metric("clicks", "click");
const METRICS = [CLICKS, metric("views", "view"), metric("sales", "sale"), metric("visits", "visit")];
const RATIO: ViewSource = { name: "ratio", ratio: { numerator: "clicks", denominator: "views" } };

const catalog = () => env.CATALOG.getByName("catalog");

async function subscribed(project: TestProject, name: string): Promise<LiveSocket> {
  const live = await project.live();
  live.send({ type: "subscribe", id: "1", metric: name, range: "2h" });
  expect(await live.next<SnapshotMessage>()).toMatchObject({ type: "snapshot" });
  return live;
}

/** Waits for a frame that shows `value`, be it a delta or a snapshot. */
async function showing(live: LiveSocket, value: number): Promise<void> {
  for (;;) {
    const { series = [] } = await live.next<Partial<SnapshotMessage | DeltaMessage>>();
    if (series.some(({ v }) => v.at(-1) === value)) return;
  }
}

const post = async (project: TestProject, ...names: string[]): Promise<void> => {
  const response = await project.post(names.map((name) => ({ name, props: { campaign: "a" } })));
  expect(response.status).toBe(202);
};

describe("[L3][M1] who watches a name", () => {
  it.each([
    ["a metric", "clicks", CLICKS],
    ["a view", "ratio", RATIO],
  ])("[L3] of %s that is removed and comes again is told of it from then on", async (_, name, source) => {
    const project = await TestProject.with(...METRICS);
    await catalog().putMetric(project.name, RATIO);
    const live = await subscribed(project, name);
    if (name === "clicks") await catalog().remove(project.name, "metrics", "ratio");
    expect(await catalog().remove(project.name, "metrics", name)).toBe(true);
    expect(await live.next<ErrorMessage>()).toMatchObject({ type: "error", code: "unknown_metric", id: "1" });
    await catalog().putMetric(project.name, source);
    const again = await subscribed(project, name);
    await post(project, "click", "view");
    await showing(again, 1);
    await post(project, "click");
    await showing(again, 2);
  });

  it("[L3] of a view that is pointed to other metrics is told of these", async () => {
    const project = await TestProject.with(...METRICS);
    await catalog().putMetric(project.name, RATIO);
    const live = await subscribed(project, "ratio");
    const other = { name: "ratio", ratio: { numerator: "sales", denominator: "visits" } };
    await catalog().putMetric(project.name, other);
    await post(project, "sale", "sale", "sale", "visit");
    await showing(live, 3);
    await post(project, "sale", "sale");
    await showing(live, 5);
  });

  it("[L3] of a metric that becomes a view, and one again, is told of either", async () => {
    const project = await TestProject.with(...METRICS);
    const live = await subscribed(project, "clicks");
    const view = { name: "clicks", ratio: { numerator: "sales", denominator: "visits" } };
    await catalog().putMetric(project.name, view);
    await post(project, "sale", "sale", "sale", "visit");
    await showing(live, 3);
    await catalog().putMetric(project.name, CLICKS);
    await post(project, "click", "click");
    await showing(live, 2);
    await post(project, "click", "click");
    await showing(live, 4);
  });

  it.each([
    [2, 1],
    [1, 2],
    [2, 3],
  ])("[L3] of a metric in %i shares that is in %i from now on is told of those", async (before, after) => {
    const project = await TestProject.with(
      metric("clicks", "click", { groupBy: ["campaign"], shards: before }),
    );
    const live = await subscribed(project, "clicks");
    await post(project, "click");
    await showing(live, 1);
    await catalog().putMetric(
      project.name,
      metric("clicks", "click", { groupBy: ["campaign"], shards: after }),
    );
    await post(project, "click", "click");
    await showing(live, 2);
    await post(project, "click", "click");
    await showing(live, 4);
  });
});

describe("[L2] how often", () => {
  it("[L2] a maxRate beyond all measure bounds nothing", async () => {
    const project = await TestProject.with(CLICKS);
    const live = await project.live();
    live.send({ type: "subscribe", id: "1", metric: "clicks", range: "2h", maxRate: 1e300 });
    await live.next();
    await post(project, "click");
    await showing(live, 1);
    await post(project, "click");
    await showing(live, 2);
  });
});
