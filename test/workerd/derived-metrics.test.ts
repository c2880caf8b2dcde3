import { env, exports } from "cloudflare:workers";
import { evictDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { changeSeries } from "../../durable-objects/engine/views.ts";
import type { MetricSource } from "../../protocol/metric.ts";
import type { DeltaMessage, ErrorMessage, SnapshotMessage } from "../../protocol/live.ts";
import type { Series } from "../../protocol/series.ts";
import { type LiveSocket, TestProject } from "./project.ts";

const COMMON = {
  window: { type: "tumbling", size: "1s" },
  delay: "0s",
  lateness: "1h",
} satisfies Partial<MetricSource>;
const CLICKS: MetricSource = {
  ...COMMON,
  name: "clicks",
  event: "click",
  aggregate: "count",
  groupBy: ["g"],
};
const SPLIT: MetricSource = { ...CLICKS, name: "split", aggregate: "avg(value)", shards: 3, maxGroups: 6 };

const click = (g: string, value: number, ts: number) => ({ name: "click", ts, value, props: { g } });

/** Posts a batch and waits until every window object has it. */
async function post(project: TestProject, events: unknown[]): Promise<void> {
  expect((await project.post(events)).status).toBe(202);
  await Promise.all([0, 1, 2, 3].map((p) => env.PARTITION_READER.getByName(String(p)).wake()));
}

/** `group: value` of every point. */
function valuesOf(series: readonly Series[]): Record<string, (number | null)[]> {
  return Object.fromEntries(series.map(({ group, v }) => [Object.values(group).join(), v]));
}

async function putMetric(project: TestProject, name: string, body: unknown): Promise<Response> {
  return exports.default.fetch(`http://freshet.test/v1/catalog/metrics/${name}`, {
    method: "PUT",
    headers: { authorization: `Bearer ${project.key("admin")}` },
    body: JSON.stringify(body),
  });
}

/** Brings a client's picture up to what has come after `ms`. */
async function update(picture: Map<string, number | null>, live: LiveSocket, ms: number): Promise<void> {
  await scheduler.wait(ms);
  for (const text of live.takeArrived()) {
    const message = JSON.parse(text) as SnapshotMessage | DeltaMessage;
    if (message.type === "snapshot") picture.clear();
    for (const { group, t, v } of message.series) {
      for (const [i, end] of t.entries()) picture.set(`${Object.values(group).join()}@${end}`, v[i] ?? null);
    }
  }
}

describe("[W5] a metric split over several window objects", () => {
  it("[W5] is read as one, __other__ included, whatever restarts", async () => {
    const project = await TestProject.with(SPLIT);
    const ts = Date.now() - 10_000;
    const groups = Array.from({ length: 30 }, (_, i) => `g${i}`);
    await post(
      project,
      groups.map((g, i) => click(g, i, ts)),
    );
    await post(
      project,
      groups.map((g, i) => click(g, i + 1, ts)),
    );
    const read = async () => valuesOf((await project.query("split")).series);
    const values = await read();
    const named = Object.keys(values).filter((key) => key !== "__other__");
    // Each of the three objects has room for some more than its share of six.
    expect(named.length).toBeGreaterThanOrEqual(6);
    expect(named.length).toBeLessThan(30);
    for (const key of named) expect(values[key]).toEqual([Number(key.slice(1)) + 0.5]);
    const folded = groups.filter((g) => !named.includes(g)).map((g) => Number(g.slice(1)) + 0.5);
    expect(values["__other__"]?.[0]).toBeCloseTo(folded.reduce((a, b) => a + b) / folded.length, 9);
    for (let k = 0; k < 3; k++) {
      await evictDurableObject(env.METRIC_WINDOW.getByName(`${project.name}/split/${k}.3`));
    }
    expect(await read()).toEqual(values);
    const [stats] = await env.METRIC_WINDOW.getByName(project.name).stats();
    expect(stats?.metric).toBe("split");
    expect(stats?.folded).toBeGreaterThanOrEqual(30 - named.length);
  });

  it("[L2] is watched as one", async () => {
    const project = await TestProject.with(SPLIT);
    const ts = Date.now() - 2_000;
    const groups = Array.from({ length: 40 }, (_, i) => `g${i}`);
    await post(
      project,
      groups.slice(0, 10).map((g, i) => click(g, i, ts)),
    );
    const live = await project.live();
    live.send({ type: "subscribe", id: "a", metric: "split", range: "5m" });
    const picture = new Map<string, number | null>();
    await update(picture, live, 600);
    await post(
      project,
      groups.map((g, i) => click(g, i + 3, ts)),
    );
    await update(picture, live, 1_500);
    const { series } = await project.query("split");
    const wanted = series.flatMap(({ group, t, v }) =>
      t.map((end, i) => [`${Object.values(group).join()}@${end}`, v[i]] as const),
    );
    expect(Object.fromEntries(picture)).toEqual(Object.fromEntries(wanted));
    expect([...picture.keys()].some((name) => name.startsWith("__other__@"))).toBe(true);
  });
});

describe("[W4] a new share", () => {
  it("[W4] begins at the project's time: what is late for a whole metric is late for a split one", async () => {
    const whole: MetricSource = { ...CLICKS, name: "whole", lateness: "5s" };
    const project = await TestProject.with(whole);
    const nowMs = Date.now();
    for (let i = 0; i < 40; i++) await project.post([click("a", 1, nowMs)]);
    await post(project, [click("a", 1, nowMs)]);
    const split: MetricSource = { ...SPLIT, aggregate: "count", lateness: "5s" };
    await env.CATALOG.getByName("catalog").putMetric(project.name, split);
    await post(
      project,
      Array.from({ length: 10 }, (_, i) => click(`g${i}`, 1, nowMs - 600_000)),
    );
    expect((await project.query("split", "&from=now-1h")).series).toEqual([]);
    const stats = await env.METRIC_WINDOW.getByName(project.name).stats();
    expect(stats.map(({ metric, late }) => [metric, late])).toEqual([
      ["whole", 10],
      ["split", 10],
    ]);
  });
});

describe("[S2] views", () => {
  const ORDERS: MetricSource = { ...CLICKS, name: "orders", event: "order" };

  it("[S2] a ratio of two metrics, where nothing of the numerator is a zero", async () => {
    const project = await TestProject.with(CLICKS, ORDERS);
    const put = await putMetric(project, "conversion", {
      ratio: { numerator: "orders", denominator: "clicks" },
    });
    expect(put.status).toBe(200);
    const ts = Date.now() - 10_000;
    const order = { ...click("a", 1, ts), name: "order" };
    await post(project, [...Array.from({ length: 4 }, () => click("a", 1, ts)), click("b", 1, ts), order]);
    expect(valuesOf((await project.query("conversion")).series)).toEqual({ a: [0.25], b: [0] });
  });

  it("[S2] a change against an hour ago", async () => {
    const project = await TestProject.with({ ...CLICKS, lateness: "2h" });
    await putMetric(project, "trend", { change: { metric: "clicks", ago: "1h" } });
    const ts = Date.now() - 10_000;
    const before = ts - 3_600_000;
    await post(project, [click("a", 1, before), click("a", 1, before), click("b", 1, before)]);
    await post(project, [click("a", 1, ts), click("a", 1, ts), click("a", 1, ts), click("c", 1, ts)]);
    expect(valuesOf((await project.query("trend")).series)).toEqual({ a: [0.5], c: [null] });
  });

  it("[S2] a fall to nothing is a change, once the window has had all its events", () => {
    const series = (g: string, t: number[], v: number[]): Series => ({
      group: { g },
      t,
      v,
      s: v.map(() => 3),
    });
    const then = [series("a", [1, 2, 3], [4, 4, 4]), series("b", [1], [2])];
    const inputs = { keys: ["g"], emptyIsZero: true, closedMs: 12, sealedMs: 11 };
    const view = { name: "v", type: "change", metric: "m", agoMs: 10, as: "relative" } as const;
    const now = [series("a", [11], [6])];
    // What is late may still come into a window that is not sealed, however long ago it is compared with.
    expect(changeSeries(now, then, view, inputs).map(({ group, t, v, s }) => [group["g"], t, v, s])).toEqual([
      ["a", [11, 12], [0.5, -1], [3, 1]],
      ["b", [11], [-1], [3]],
    ]);
    expect(changeSeries(now, then, view, { ...inputs, emptyIsZero: false })).toMatchObject([
      { t: [11], v: [0.5] },
    ]);
  });

  it("[L2] are watched like metrics", async () => {
    const project = await TestProject.with(CLICKS, ORDERS);
    await putMetric(project, "conversion", { ratio: { numerator: "orders", denominator: "clicks" } });
    const ts = Date.now() - 2_000;
    const live = await project.live();
    live.send({ type: "subscribe", id: "a", metric: "conversion", range: "5m" });
    const picture = new Map<string, number | null>();
    await update(picture, live, 400);
    await post(project, [click("a", 1, ts), click("a", 1, ts), { ...click("a", 1, ts), name: "order" }]);
    await update(picture, live, 1_000);
    expect([...picture.values()]).toEqual([0.5]);
  });

  it.each([
    [{ ratio: { numerator: "clicks", denominator: "visits" } }, "there is no metric 'visits'"],
    [{ ratio: { numerator: "clicks" } }, "ratio.denominator is nothing; expected"],
    [{ ratio: {}, change: {} }, "both ratio and change"],
    [{ change: { metric: "clicks", ago: "1s" } }, 'change.ago is "1s"; expected a duration from 1m to 31d'],
    [{ change: { metric: "clicks", ago: "1h", as: "x" } }, "change.as is \"x\"; expected 'relative'"],
    [{ change: { metric: "clicks", ago: "1h" }, event: "e" }, 'unknown field "event"; expected name, ratio'],
  ])("[M1] %j is refused", async (body, message) => {
    const project = await TestProject.with(CLICKS);
    const response = await putMetric(project, "view", body);
    expect(response.status).toBe(400);
    expect(await response.text()).toContain(JSON.stringify(message).slice(1, -1));
  });

  it("[M1] what a view is computed from can neither go nor become what it cannot be of", async () => {
    const project = await TestProject.with(CLICKS, ORDERS);
    const ratio = { ratio: { numerator: "orders", denominator: "clicks" } };
    const ofItself = { change: { metric: "clicks", ago: "1m" } };
    expect((await putMetric(project, "clicks", ofItself)).status).toBe(400);
    await putMetric(project, "conversion", ratio);
    const admin = { headers: { authorization: `Bearer ${project.key("admin")}` } };
    const url = "http://freshet.test/v1/catalog/metrics/orders";
    const gone = await exports.default.fetch(url, { method: "DELETE", ...admin });
    expect(gone.status).toBe(409);
    expect(await gone.text()).toContain(
      "the view 'conversion' could not be computed any more: there is no metric 'orders'",
    );
    // Both of a ratio may change, one after the other.
    const window = { type: "tumbling", size: "2s" };
    expect((await putMetric(project, "orders", { ...ORDERS, window })).status).toBe(200);
    expect((await putMetric(project, "clicks", { ...CLICKS, window })).status).toBe(200);
    expect((await putMetric(project, "orders", { change: { metric: "clicks", ago: "1m" } })).status).toBe(
      409,
    );
    expect((await project.query("conversion")).series).toEqual([]);
    expect(
      (await exports.default.fetch(url.replace("orders", "conversion"), { method: "DELETE", ...admin }))
        .status,
    ).toBe(204);
    expect((await exports.default.fetch(url, { method: "DELETE", ...admin })).status).toBe(204);
  });
});

describe("[M1] a definition that changes while it is watched", () => {
  it("[M1] ends the old windows for whoever watches, and begins with a new snapshot", async () => {
    const project = await TestProject.with(CLICKS);
    const ts = Date.now() - 2_000;
    await post(project, [click("a", 5, ts)]);
    const live = await project.live();
    live.send({ type: "subscribe", id: "a", metric: "clicks", range: "5m" });
    expect(await live.next<SnapshotMessage>()).toMatchObject({ type: "snapshot", series: [{ v: [1] }] });
    await putMetric(project, "clicks", { ...CLICKS, aggregate: "sum(value)" });
    expect(await live.next<DeltaMessage>()).toMatchObject({ type: "delta", series: [{ v: [1], s: [3] }] });
    expect(await live.next<SnapshotMessage>()).toMatchObject({
      type: "snapshot",
      recovered: false,
      series: [],
    });
    await post(project, [click("a", 5, ts)]);
    expect(await live.next<DeltaMessage>()).toMatchObject({ type: "delta", series: [{ v: [5] }] });
    await env.CATALOG.getByName("catalog").remove(project.name, "metrics", "clicks");
    expect(await live.next<DeltaMessage>()).toMatchObject({ type: "delta", series: [{ v: [5], s: [3] }] });
    expect(await live.next<ErrorMessage>()).toMatchObject({ type: "error", id: "a", code: "unknown_metric" });
  });

  it("[M1] takes no range that was folded with older definitions", async () => {
    const project = await TestProject.with(CLICKS);
    await post(project, [click("a", 5, Date.now())]);
    const window = env.METRIC_WINDOW.getByName(project.name);
    const applied = await window.appliedOffset(0);
    const range = {
      partition: 0,
      after: applied,
      from: applied + 1,
      to: applied + 1,
      maxTs: 0,
      oldestReceivedMs: 0,
      events: 0,
    };
    expect(await window.apply(JSON.stringify({ ...range, version: 0, metrics: [] }))).toBe(applied);
    expect(await window.apply(JSON.stringify({ ...range, version: 1, metrics: [] }))).toBe(applied + 1);
  });

  it("[S2] has what was planned before it planned again, a split metric's shares too", async () => {
    const project = await TestProject.with(CLICKS, { ...CLICKS, name: "split", shards: 2 });
    const ts = Date.now() - 2_000;
    await post(project, [click("a", 5, ts)]);
    await project.sumWhen("split", 1);
    const { metrics } = await env.CATALOG.getByName("catalog").definitions(project.name);
    const window = env.METRIC_WINDOW.getByName(project.name);
    for (const { metric, revision } of metrics) {
      const span = { fromMs: Math.floor(ts / 1_000) * 1_000, toMs: ts + 1_000, stepMs: 1_000 };
      const read = (by: number) =>
        window.readSeries(metric.name, { ...span, revisions: { [metric.name]: by } });
      expect(await read(revision)).toMatchObject({
        ok: true,
        body: expect.stringContaining('"v":[1]') as string,
      });
      expect(await read(revision + 1)).toMatchObject({ ok: false, reason: "moved" });
    }
  });
});

describe("[M2] rankings", () => {
  it("[M2] have a series for each item, with the error bound beside it", async () => {
    const project = await TestProject.with({ ...CLICKS, name: "top", aggregate: "topk(2, page)" });
    const ts = Date.now() - 10_000;
    const view = (page: string) => ({ name: "click", ts, props: { g: "x", page } });
    await post(project, [view("/a"), view("/a"), view("/a"), view("/b"), view("/b"), view("/c")]);
    const { series } = await project.query("top");
    expect(series).toMatchObject([
      { group: { g: "x", page: "/a" }, v: [3], e: [0] },
      { group: { g: "x", page: "/b" }, v: [2], e: [0] },
    ]);
    expect(series).toHaveLength(2);
  });
});

describe("[M2] histograms", () => {
  it("[M2] have a series for each bucket, which add up over steps, and keep what is folded", async () => {
    const project = await TestProject.with({
      ...CLICKS,
      name: "spread",
      aggregate: "histogram(value)",
      maxGroups: 2,
    });
    const first = Math.floor(Date.now() / 10_000) * 10_000 - 20_000;
    const second = first + 1_000;
    await post(project, [click("x", 0.49, first), click("x", 0.5, first), click("x", 0.51, first)]);
    await post(project, [click("x", 0.5, second), click("y", 0, second), click("z", -3, second)]);
    expect((await project.query("spread")).series).toEqual([
      { group: { g: "x", value: "0.5" }, t: [second, second + 1_000], v: [2, 1], s: expect.any(Array) },
      { group: { g: "x", value: "0.56" }, t: [second], v: [1], s: expect.any(Array) },
      { group: { g: "y", value: "0" }, t: [second + 1_000], v: [1], s: expect.any(Array) },
      { group: { g: "__other__", value: "-2.8" }, t: [second + 1_000], v: [1], s: expect.any(Array) },
    ]);
    expect(valuesOf((await project.query("spread", "&step=10s")).series)).toEqual({
      "x,0.5": [3],
      "x,0.56": [1],
      "y,0": [1],
      "__other__,-2.8": [1],
    });
    const live = await project.live();
    live.send({ type: "subscribe", id: "1", metric: "spread", range: "1m", groups: [{ value: "0.5" }] });
    const { series } = await live.next<SnapshotMessage>();
    expect(valuesOf(series)).toEqual({ "x,0.5": [2, 1] });
    await post(project, [click("x", 0.46, second)]);
    for (let changed = false; !changed;) {
      const { series: points } = await live.next<DeltaMessage>();
      expect(points.map(({ group }) => group)).toEqual([{ g: "x", value: "0.5" }]);
      changed = points.some(({ t, v }) => v[t.indexOf(second + 1_000)] === 2);
    }
  });

  it("[M1] are no input of a view", async () => {
    const project = await TestProject.with({ ...CLICKS, name: "spread", aggregate: "histogram(value)" });
    const refused = await putMetric(project, "trend", { change: { metric: "spread", ago: "1h" } });
    expect(refused.status).toBe(400);
    expect(await refused.text()).toContain("is a histogram, which no view can be of");
  });
});
