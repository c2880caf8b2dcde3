import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import type { DeltaMessage, SnapshotMessage } from "../../protocol/live.ts";
import type { MetricSource } from "../../protocol/metric.ts";
import { POINT_STATE, type Series } from "../../protocol/series.ts";
import type { ViewSource } from "../../protocol/view.ts";
import { type LiveSocket, TestProject } from "./project.ts";

const COMMON = { event: "e", groupBy: ["g"], delay: "0s", lateness: "1h" } satisfies Partial<MetricSource>;
const TUMBLING = { type: "tumbling", size: "1s" } as const;
/** Changes no state while a test lasts. */
const LONG = { type: "tumbling", size: "1h" } as const;
const SESSIONS = { type: "session", gap: "10s", every: "5s" } as const;
const RANKING: MetricSource = {
  ...COMMON,
  name: "ranking",
  aggregate: "topk(1, item)",
  window: TUMBLING,
  shards: 2,
};
const VISITS: MetricSource = { ...COMMON, name: "visits", aggregate: "count", window: SESSIONS };
const STEPS: MetricSource = { ...COMMON, name: "steps", aggregate: "sum(events)", window: SESSIONS };
const DEPTH: ViewSource = { name: "depth", ratio: { numerator: "steps", denominator: "visits" } };
const TREND: ViewSource = { name: "trend", change: { metric: "clicks", ago: "1m" } };
const SPLIT: MetricSource = { ...COMMON, name: "split", aggregate: "count", window: LONG, shards: 2 };
const SIZES: MetricSource = { ...COMMON, name: "sizes", aggregate: "histogram(value)", window: LONG };

type Picture = Map<string, number>;
type Watching = [LiveSocket, Picture];
/** What a picture holds of a point. */
type Column = (series: Series, i: number) => number | null | undefined;

const valueOf: Column = ({ v }, i) => v[i];
const stateOf: Column = ({ s, v }, i) => (v[i] === null ? null : s[i]);

function lay(picture: Picture, all: readonly Series[], column: Column): void {
  for (const series of all) {
    for (const [i, end] of series.t.entries()) {
      const name = `${Object.values(series.group).join()}@${end}`;
      const value = column(series, i) ?? null;
      if (value === null) picture.delete(name);
      else picture.set(name, value);
    }
  }
}

async function subscribed(project: TestProject, metric: string, column = valueOf): Promise<Watching> {
  const live = await project.live();
  live.send({ type: "subscribe", id: "1", metric, range: "5m" });
  const picture: Picture = new Map();
  lay(picture, (await live.next<SnapshotMessage>()).series, column);
  return [live, picture];
}

async function nextDelta(live: LiveSocket): Promise<Series[]> {
  const message = await live.next<DeltaMessage>();
  expect(message.type).toBe("delta");
  return message.series;
}

/** Waits until the server's picture is as expected, and takes deltas until the client's is the same. */
async function isServers(
  project: TestProject,
  metric: string,
  [live, picture]: Watching,
  expected: (values: number[]) => boolean,
  column = valueOf,
): Promise<void> {
  const server: Picture = new Map();
  for (;;) {
    server.clear();
    lay(server, (await project.query(metric)).series, column);
    if (expected([...server.values()])) break;
    await scheduler.wait(50);
  }
  while (JSON.stringify([...picture].sort()) !== JSON.stringify([...server].sort())) {
    lay(picture, await nextDelta(live), column);
  }
}

const are =
  (...wanted: number[]) =>
  (values: number[]): boolean =>
    JSON.stringify(values.sort((a, b) => a - b)) === JSON.stringify(wanted);

const event = (ts: number, more: object, props: object = {}) => ({
  name: "e",
  ts,
  user: "u",
  props: { g: "a", ...props },
  ...more,
});

describe("[L3] what is no more of a metric that is read from others", () => {
  it("[L3] of a split ranking is told: an item that has lost its place", async () => {
    const project = await TestProject.with(RANKING);
    const ts = Date.now() - 10_000;
    await project.post([event(ts, {}, { item: "x" })]);
    const watching = await subscribed(project, "ranking");
    await isServers(project, "ranking", watching, are(1));
    await project.post([event(ts, {}, { item: "y" }), event(ts, {}, { item: "y" })]);
    await isServers(project, "ranking", watching, are(2));
  });

  it("[L3] of a view is told: a session that goes on and ends later", async () => {
    const project = await TestProject.with(VISITS, STEPS);
    await env.CATALOG.getByName("catalog").putMetric(project.name, DEPTH);
    const ts = Math.floor(Date.now() / 5_000) * 5_000 - 60_000;
    await project.post([event(ts, {}), event(ts + 50_000, { user: "other" })]);
    const watching = await subscribed(project, "depth");
    await isServers(project, "depth", watching, are(1, 1));
    await project.post([event(ts + 8_000, {})]);
    await isServers(project, "depth", watching, are(1, 2));
  });
});

describe("[L3] a fall to nothing", () => {
  it("[L3] is final, and told again when it is sealed", async () => {
    const clicks: MetricSource = {
      ...COMMON,
      name: "clicks",
      aggregate: "count",
      window: TUMBLING,
      lateness: "12s",
    };
    const project = await TestProject.with(clicks);
    await env.CATALOG.getByName("catalog").putMetric(project.name, TREND);
    const ts = Math.floor(Date.now() / 1_000) * 1_000;
    // In one request: all of one partition.
    await project.post([event(ts - 70_000, {}), event(ts, {}, { g: "b" })]);
    await isServers(project, "trend", await subscribed(project, "trend"), are(-1));
    const watching = await subscribed(project, "trend", stateOf);
    await project.post([event(ts + 4_000, {}, { g: "b" })]);
    await isServers(project, "trend", watching, are(POINT_STATE.sealed), stateOf);
  });
});

describe("[L2] a delta holds changed points only", () => {
  it("[L2] of a split metric those of the groups that have changed", async () => {
    const project = await TestProject.with(SPLIT);
    const ts = Date.now();
    await project.post(["a", "b", "c", "d", "e"].map((g) => event(ts, {}, { g })));
    const watching = await subscribed(project, "split");
    await isServers(project, "split", watching, are(1, 1, 1, 1, 1));
    await project.post([event(ts, {}, { g: "b" })]);
    await isServers(project, "split", watching, are(1, 1, 1, 1, 2));
    await project.post([event(ts, {}, { g: "d" })]);
    expect(await nextDelta(watching[0])).toMatchObject([{ group: { g: "d" }, v: [2] }]);
  });

  it("[L2] of a distribution the intervals that have changed", async () => {
    const project = await TestProject.with(SIZES);
    const ts = Date.now();
    await project.post([1, 10, 100].map((value) => event(ts, { value })));
    const watching = await subscribed(project, "sizes");
    await isServers(project, "sizes", watching, are(1, 1, 1));
    await project.post([event(ts, { value: 10 })]);
    await isServers(project, "sizes", watching, are(1, 1, 2));
    await project.post([event(ts, { value: 100 })]);
    expect(await nextDelta(watching[0])).toMatchObject([{ group: { g: "a", value: "100" }, v: [2] }]);
  });
});
