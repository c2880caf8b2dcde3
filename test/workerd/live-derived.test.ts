import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import type { DeltaMessage, SnapshotMessage } from "../../protocol/live.ts";
import type { MetricSource } from "../../protocol/metric.ts";
import type { Series } from "../../protocol/series.ts";
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
const SPLIT: MetricSource = { ...COMMON, name: "split", aggregate: "count", window: LONG, shards: 2 };
const SIZES: MetricSource = { ...COMMON, name: "sizes", aggregate: "histogram(value)", window: LONG };

type Picture = Map<string, number>;

function lay(picture: Picture, series: readonly Series[]): void {
  for (const { group, t, v } of series) {
    for (const [i, end] of t.entries()) {
      const name = `${Object.values(group).join()}@${end}`;
      const value = v[i] ?? null;
      if (value === null) picture.delete(name);
      else picture.set(name, value);
    }
  }
}

async function subscribed(project: TestProject, metric: string): Promise<[LiveSocket, Picture]> {
  const live = await project.live();
  live.send({ type: "subscribe", id: "1", metric, range: "5m" });
  const picture: Picture = new Map();
  lay(picture, (await live.next<SnapshotMessage>()).series);
  return [live, picture];
}

async function nextDelta(live: LiveSocket): Promise<Series[]> {
  const message = await live.next<DeltaMessage>();
  expect(message.type).toBe("delta");
  return message.series;
}

/** Takes deltas until the client's picture is the server's. */
async function isServers(project: TestProject, metric: string, live: LiveSocket, picture: Picture) {
  const server: Picture = new Map();
  lay(server, (await project.query(metric)).series);
  while (JSON.stringify([...picture].sort()) !== JSON.stringify([...server].sort())) {
    lay(picture, await nextDelta(live));
  }
}

const event = (ts: number, more: object, props: object = {}) => ({
  name: "e",
  ts,
  user: "u",
  props: { g: "a", ...props },
  ...more,
});

async function post(project: TestProject, events: unknown[]): Promise<void> {
  expect((await project.post(events)).status).toBe(202);
  await Promise.all([0, 1, 2, 3].map((p) => env.PARTITION_READER.getByName(String(p)).wake()));
}

describe("[L3] what is no more of a metric that is read from others", () => {
  it("[L3] of a split ranking is told: an item that has lost its place", async () => {
    const project = await TestProject.with(RANKING);
    const ts = Date.now() - 10_000;
    await post(project, [event(ts, {}, { item: "x" })]);
    const [live, picture] = await subscribed(project, "ranking");
    await isServers(project, "ranking", live, picture);
    expect([...picture.values()]).toEqual([1]);
    await post(project, [event(ts, {}, { item: "y" }), event(ts, {}, { item: "y" })]);
    await isServers(project, "ranking", live, picture);
    expect([...picture.values()]).toEqual([2]);
  });

  it("[L3] of a view is told: a session that goes on and ends later", async () => {
    const project = await TestProject.with(VISITS, STEPS);
    await env.CATALOG.getByName("catalog").putMetric(project.name, DEPTH);
    const ts = Math.floor(Date.now() / 5_000) * 5_000 - 60_000;
    await post(project, [event(ts, {}), event(ts + 50_000, { user: "other" })]);
    const [live, picture] = await subscribed(project, "depth");
    await isServers(project, "depth", live, picture);
    const ends = [...picture.keys()];
    await post(project, [event(ts + 8_000, {})]);
    await isServers(project, "depth", live, picture);
    expect([...picture.keys()]).not.toEqual(ends);
    expect(picture.size).toBe(ends.length);
  });
});

describe("[L2] a delta holds changed points only", () => {
  it("[L2] of a split metric those of the groups that have changed", async () => {
    const project = await TestProject.with(SPLIT);
    const ts = Date.now();
    const groups = Array.from({ length: 8 }, (_, i) => `g${i}`);
    await post(
      project,
      groups.map((g) => event(ts, {}, { g })),
    );
    const [live, picture] = await subscribed(project, "split");
    await isServers(project, "split", live, picture);
    expect(picture.size).toBe(8);
    await post(project, [event(ts, {}, { g: "g3" })]);
    await isServers(project, "split", live, picture);
    await post(project, [event(ts, {}, { g: "g5" })]);
    expect(await nextDelta(live)).toMatchObject([{ group: { g: "g5" }, v: [2] }]);
  });

  it("[L2] of a distribution the intervals that have changed", async () => {
    const project = await TestProject.with(SIZES);
    const ts = Date.now();
    await post(
      project,
      [1, 10, 100].map((value) => event(ts, { value })),
    );
    const [live, picture] = await subscribed(project, "sizes");
    await isServers(project, "sizes", live, picture);
    expect(picture.size).toBe(3);
    await post(project, [event(ts, { value: 10 })]);
    await isServers(project, "sizes", live, picture);
    await post(project, [event(ts, { value: 100 })]);
    expect(await nextDelta(live)).toMatchObject([{ group: { g: "a", value: "100" }, v: [2] }]);
  });
});
