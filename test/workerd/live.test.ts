import { env, exports } from "cloudflare:workers";
import { evictDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import type { DeltaMessage, ErrorMessage, SnapshotMessage } from "../../protocol/live.ts";
import type { MetricSource } from "../../protocol/metric.ts";
import { TestProject } from "./project.ts";

const CLICKS = {
  name: "clicks",
  event: "click",
  aggregate: "count",
  window: { type: "tumbling", size: "1h" },
  groupBy: ["campaign"],
} satisfies MetricSource;

const click = (campaign: string) => [{ name: "click", props: { campaign } }];
const subscribe = { type: "subscribe", id: "s1", metric: "clicks", range: "2h" };

describe("[L1] the endpoint", () => {
  it("[L1] takes the key as a second subprotocol and answers with the first", async () => {
    const live = await (await TestProject.with(CLICKS)).live();
    expect(live.headers.get("sec-websocket-protocol")).toBe("freshet.v1");
  });

  it.each([
    ["without an upgrade", {}, 426],
    ["without a key", { upgrade: "websocket" }, 401],
    ["with another subprotocol", { upgrade: "websocket", "sec-websocket-protocol": "graphql-ws" }, 400],
  ])("[L1] %s answers %j with %i", async (_, headers, status) => {
    const response = await exports.default.fetch("http://freshet.test/v1/live", { headers });
    expect(response.status).toBe(status);
  });
});

describe("[L2] messages", () => {
  it("[L2] a snapshot, then deltas with the changed points only", async () => {
    const project = await TestProject.with(CLICKS);
    await project.post([...click("a"), ...click("b")]);
    await project.sumWhen("clicks", 2);
    const live = await project.live();
    live.send(subscribe);
    const snapshot = await live.next<SnapshotMessage>();
    expect(snapshot).toMatchObject({ type: "snapshot", id: "s1", recovered: false });
    expect(snapshot.series.map(({ group, v }) => [group, v])).toEqual([
      [{ campaign: "a" }, [1]],
      [{ campaign: "b" }, [1]],
    ]);
    await project.post(click("b"));
    const delta = await live.next<DeltaMessage>();
    expect(delta).toMatchObject({
      type: "delta",
      id: "s1",
      series: [{ group: { campaign: "b" }, v: [2], s: [0] }],
    });
    expect(delta.series).toHaveLength(1);
    expect(delta.lag).toBeGreaterThanOrEqual(0);
    expect(delta.cursor).not.toBe(snapshot.cursor);
  });

  it("[L2] wanted groups only", async () => {
    const project = await TestProject.with(CLICKS);
    const live = await project.live();
    live.send({ ...subscribe, groups: [{ campaign: "a" }] });
    expect((await live.next<SnapshotMessage>()).series).toEqual([]);
    await project.post(click("b"));
    await project.sumWhen("clicks", 1);
    await project.post(click("a"));
    expect((await live.next<DeltaMessage>()).series).toMatchObject([{ group: { campaign: "a" }, v: [1] }]);
  });

  it("[L2] after unsubscribe nothing more comes, and ping is answered", async () => {
    const project = await TestProject.with(CLICKS);
    const live = await project.live();
    live.send(subscribe);
    await live.next<SnapshotMessage>();
    live.send({ type: "unsubscribe", id: "s1" });
    await project.post(click("a"));
    await project.sumWhen("clicks", 1);
    await scheduler.wait(400);
    live.send("ping");
    expect(await live.nextText()).toBe("pong");
  });

  it("[L2] errors name the subscription and the reason", async () => {
    const live = await (await TestProject.with(CLICKS)).live();
    live.send({ ...subscribe, metric: "nothing" });
    expect(await live.next<ErrorMessage>()).toEqual({
      type: "error",
      id: "s1",
      code: "unknown_metric",
      message: "there is no metric 'nothing'",
    });
    live.send("{");
    expect(await live.next<ErrorMessage>()).toMatchObject({ type: "error", code: "bad_message" });
    for (let i = 0; i <= 64; i++) live.send({ ...subscribe, id: `s${i}` });
    const answers = await Promise.all(
      Array.from({ length: 65 }, () => live.next<SnapshotMessage | ErrorMessage>()),
    );
    expect(answers.filter(({ type }) => type === "snapshot")).toHaveLength(64);
    expect(answers.find(({ type }) => type === "error")).toMatchObject({
      id: "s64",
      code: "too_many_subscriptions",
    });
  });
});

describe("[L4] hibernation", () => {
  it("[L4] keeps sockets and subscriptions", async () => {
    const project = await TestProject.with(CLICKS);
    const live = await project.live();
    live.send(subscribe);
    await live.next<SnapshotMessage>();
    for (let round = 1; round <= 3; round++) {
      await evictDurableObject(env.LIVE_HUB.getByName(project.name), { webSockets: "hibernate" });
      await project.post(click("a"));
      expect((await live.next<DeltaMessage>()).series).toMatchObject([
        { group: { campaign: "a" }, v: [round] },
      ]);
    }
  });

  it("[L4] watching goes on after the window object was evicted", async () => {
    const project = await TestProject.with(CLICKS);
    const live = await project.live();
    live.send(subscribe);
    await live.next<SnapshotMessage>();
    await evictDurableObject(env.METRIC_WINDOW.getByName(project.name));
    await project.post(click("a"));
    expect((await live.next<DeltaMessage>()).series).toMatchObject([{ group: { campaign: "a" }, v: [1] }]);
  });
});
