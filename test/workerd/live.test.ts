import { env, exports } from "cloudflare:workers";
import { evictDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import type { DeltaMessage, ErrorMessage, SnapshotMessage } from "../../protocol/live.ts";
import type { MetricSource } from "../../protocol/metric.ts";
import { LiveSocket, TestProject } from "./project.ts";

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
  it("[L1] takes the key as one more subprotocol and answers with the other", async () => {
    const live = await (await TestProject.with(CLICKS)).live();
    expect(live.headers.get("sec-websocket-protocol")).toBe("freshet.v1");
  });

  it.each([
    ["freshet.v2, freshet.v1, KEY", "freshet.v2"],
    ["freshet.v1, freshet.v2, KEY", "freshet.v1"],
    ["freshet.v3, freshet.v1, KEY", "freshet.v1"],
    ["KEY, freshet.v2", "freshet.v2"],
  ])("[L1] of %s, in the client's order, takes %s and the key", async (offered, taken) => {
    const project = await TestProject.with(CLICKS);
    const protocols = offered.replace("KEY", project.key("read"));
    const response = await exports.default.fetch("http://freshet.test/v1/live", {
      headers: { upgrade: "websocket", "sec-websocket-protocol": protocols },
    });
    expect(response.status).toBe(101);
    expect(response.headers.get("sec-websocket-protocol")).toBe(taken);
    const live = new LiveSocket(response.webSocket as WebSocket, response.headers);
    live.send({ ...subscribe, id: "" });
    expect(await live.next<ErrorMessage>()).toMatchObject({ code: "bad_message" });
  });

  it("[L1] of subprotocols that it does not know says which it does", async () => {
    const headers = { upgrade: "websocket", "sec-websocket-protocol": "freshet.v3, some-key" };
    const response = await exports.default.fetch("http://freshet.test/v1/live", { headers });
    expect(response.status).toBe(400);
    const { message } = await response.json<{ message: string }>();
    expect(message).toContain("'freshet.v3'");
    expect(message).not.toContain("some-key");
    expect(message).toContain("freshet.v1 or freshet.v2");
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

describe("[L3] a refusal that will not pass", () => {
  /** What a client of a subprotocol is told: the message, the close code and its reason. */
  async function told(key: string, headers: Record<string, string> = {}): Promise<unknown[]> {
    const response = await exports.default.fetch("http://freshet.test/v1/live", {
      headers: { upgrade: "websocket", "sec-websocket-protocol": `freshet.v2, ${key}`, ...headers },
    });
    if (response.webSocket === null) throw new Error(`no socket: ${response.status}`);
    expect(response.headers.get("sec-websocket-protocol")).toBe("freshet.v2");
    const live = new LiveSocket(response.webSocket, response.headers);
    const closed = new Promise<unknown[]>((resolve) => {
      live.socket.addEventListener("close", ({ code, reason }) => resolve([code, reason]));
    });
    return [await live.next<ErrorMessage>(), ...(await closed)];
  }

  it("[L3] is told to a client of a subprotocol by an error and a close code of its own", async () => {
    const project = await TestProject.with(CLICKS);
    const unknown = "the key is not known";
    expect(await told("no-such-key")).toEqual([
      { type: "error", code: "unauthorized", message: unknown },
      4401,
      unknown,
    ]);
    expect(await told(project.key("write"))).toMatchObject([
      { code: "forbidden" },
      4403,
      expect.stringContaining("a write key may not do this"),
    ]);
  });

  it("[L3] a long reason is cut to what a close frame holds, and the error has it whole", async () => {
    const project = await TestProject.with(CLICKS);
    const [error, code, reason] = await told(project.key("read"), { "x-freshet-project": "p".repeat(300) });
    expect(error).toMatchObject({ code: "forbidden", message: expect.stringContaining("p".repeat(300)) });
    expect(code).toBe(4403);
    expect(new TextEncoder().encode(String(reason)).length).toBeLessThanOrEqual(123);
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

  it("[L2] pings in JSON are answered in kind, and what is null is as if it were left out", async () => {
    const project = await TestProject.with(CLICKS);
    const live = await project.live();
    live.send('"ping"');
    expect(await live.nextText()).toBe('"pong"');
    live.send({ type: "ping" });
    expect(await live.next()).toEqual({ type: "pong" });
    live.send({ ...subscribe, range: null, groups: null, cursor: null, maxRate: null });
    expect(await live.next<SnapshotMessage>()).toMatchObject({ type: "snapshot", id: "s1" });
  });

  it("[L2] a subscribe that is refused ends the earlier one of its id, as its error says", async () => {
    const project = await TestProject.with(CLICKS);
    const live = await project.live();
    live.send(subscribe);
    await live.next<SnapshotMessage>();
    live.send({ ...subscribe, range: "1y" });
    expect(await live.next<ErrorMessage>()).toMatchObject({ type: "error", id: "s1", code: "bad_message" });
    expect((await env.LIVE_HUB.getByName(project.name).stats()).subscriptions).toBe(0);
  });

  it("[L2] what is too large is named: the subscription, its metric, its size and the bound", async () => {
    const project = await TestProject.with(CLICKS);
    const live = await project.live();
    live.send(subscribe);
    await live.next<SnapshotMessage>();
    live.send({ ...subscribe, range: "750d" });
    expect(await live.next<ErrorMessage>()).toEqual({
      type: "error",
      id: "s1",
      code: "too_large",
      message:
        "the last 750d of 'clicks' cannot be shown live: range asks for 18000 points a series; the bound is 11000",
    });
    live.send({ ...subscribe, groups: [{ campaign: "x".repeat(9_000) }] });
    expect(await live.next<ErrorMessage>()).toEqual({
      type: "error",
      id: "s1",
      code: "too_large",
      message: expect.stringMatching(/^the subscription to "clicks" has 9\d{3} bytes; the bound is 8192$/),
    });
    expect((await env.LIVE_HUB.getByName(project.name).stats()).subscriptions).toBe(0);
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
    for (const fault of [
      { range: "1y" },
      { maxRate: 0 },
      { groups: 1 },
      { metric: 1, range: "1m" },
      { cursor: 1 },
    ]) {
      live.send({ ...subscribe, id: "s2", ...fault });
      const error = await live.next<ErrorMessage>();
      expect(error).toMatchObject({ type: "error", id: "s2", code: "bad_message" });
      expect(error.message).toContain(Object.keys(fault)[0]);
    }
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
