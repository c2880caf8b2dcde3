import { env, exports } from "cloudflare:workers";
import { evictDurableObject, runInDurableObject } from "cloudflare:test";
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
const VIEWS = { ...CLICKS, name: "views", event: "view" } satisfies MetricSource;

const click = (campaign: string) => [{ name: "click", props: { campaign } }];
const subscribe = { type: "subscribe", id: "s1", metric: "clicks", range: "2h" };

const hubOf = (name: string) => env.LIVE_HUB.getByName(name);

/** A socket to a hub of a project by its number, past the edge. */
async function connect(hub: string): Promise<LiveSocket> {
  const headers = { upgrade: "websocket", "sec-websocket-protocol": "freshet.v1" };
  const response = await hubOf(hub).fetch("http://hub.test/", { headers });
  if (response.webSocket === null) throw new Error(`no socket: ${response.status}`);
  return new LiveSocket(response.webSocket, response.headers);
}

async function watching(live: LiveSocket, more: object = {}): Promise<SnapshotMessage> {
  live.send({ ...subscribe, ...more });
  return live.next<SnapshotMessage>();
}

/** Posts clicks, each in a frame of its own. */
async function clickApart(project: TestProject, count: number, from = 0): Promise<void> {
  for (let i = 1; i <= count; i++) {
    await project.post(click("a"));
    await project.sumWhen("clicks", from + i);
    await scheduler.wait(250);
  }
}

describe("[L4] what a hub remembers", () => {
  it("[L4] is nothing of metrics that there are not, whatever names a client thinks of", async () => {
    const project = await TestProject.with(CLICKS);
    const live = await project.live();
    for (let i = 0; i < 200; i++) {
      live.send({ type: "subscribe", id: "s1", metric: `nothing-${i}`, range: "1m" });
    }
    live.send({ type: "subscribe", id: "s2", metric: "nothing", range: "1m" });
    while ((await live.next<ErrorMessage>()).id !== "s2");
    await expect.poll(async () => (await hubOf(project.name).stats()).metrics).toBe(0);
  });
});

describe("[L4] one encoding for all who want the same", () => {
  it("[L4] of the same groups; others have their own", async () => {
    const project = await TestProject.with(CLICKS);
    const sockets = await Promise.all(Array.from({ length: 20 }, () => project.live()));
    for (const [i, live] of sockets.entries()) {
      await watching(live, i % 2 === 0 ? {} : { groups: [{ campaign: "a" }] });
    }
    const before = await hubOf(project.name).stats();
    await project.post(click("a"));
    for (const live of sockets) expect((await live.next<DeltaMessage>()).series).toMatchObject([{ v: [1] }]);
    const after = await hubOf(project.name).stats();
    expect(after.framesSent - before.framesSent).toBe(20);
    expect(after.framesEncoded - before.framesEncoded).toBe(2);
  });

  it("[L4] of a snapshot that many ask for at once, which is taken once", async () => {
    const project = await TestProject.with(CLICKS);
    const sockets = await Promise.all(Array.from({ length: 20 }, () => project.live()));
    await Promise.all(sockets.map((live) => watching(live)));
    expect(await hubOf(project.name).stats()).toMatchObject({ snapshots: 20, framesEncoded: 1 });
  });

  it("[L4] a hub sets no timer while nothing waits", async () => {
    const project = await TestProject.with(CLICKS);
    const live = await project.live();
    await watching(live);
    await clickApart(project, 1);
    const alarm = await runInDurableObject(hubOf(project.name), (_, { storage }) => storage.getAlarm());
    expect(alarm).toBeNull();
  });
});

describe("[L5] clients that want less or can take less", () => {
  /** More than may be under way to a client that has answered once. */
  const CLICKED = 18;

  it("[L5] maxRate: frames come merged, the latest value in them, and say of how many they are", async () => {
    const project = await TestProject.with(CLICKS);
    const [slow, quick] = [await project.live(), await project.live()];
    await watching(slow, { maxRate: 0.5 });
    await watching(quick);
    await clickApart(project, 4);
    for (let i = 1; i <= 4; i++)
      expect((await quick.next<DeltaMessage>()).series).toMatchObject([{ v: [i] }]);
    const merged = await slow.next<DeltaMessage>();
    expect(merged.series).toMatchObject([{ v: [4] }]);
    expect(merged.merged).toBe(3);
    expect(slow.takeArrived()).toEqual([]);
  });

  it("[L5] a client that is asked and does not answer gets nothing more until it does; others get all", async () => {
    const project = await TestProject.with(CLICKS);
    const [slow, quick] = [await project.live(), await project.live()];
    await watching(slow);
    slow.send({ type: "ack", frames: 1 });
    await watching(quick);
    await clickApart(project, CLICKED);
    const arrived = slow.takeArrived().map((text) => JSON.parse(text) as DeltaMessage);
    expect(arrived.some(({ ack }) => ack === true)).toBe(true);
    expect(arrived.length).toBeLessThan(CLICKED);
    expect(quick.takeArrived()).toHaveLength(CLICKED);
    slow.send({ type: "ack", frames: arrived.length });
    const late = await slow.next<DeltaMessage>();
    expect(late).toMatchObject({ series: [{ v: [CLICKED] }], merged: CLICKED - arrived.length - 1 });
    expect(await hubOf(project.name).stats()).toMatchObject({ framesMerged: CLICKED - arrived.length - 1 });
  });

  it("[L5] a client of which nothing is heard is closed before it fills the hub's memory; one that pings is not", async () => {
    const project = await TestProject.with(CLICKS);
    const hub = hubOf(project.name);
    await runInDurableObject(hub, (object) => {
      // The setting is one of the deployment's.
      Object.defineProperty(object, "env", { value: { ...env, LIVE_UNHEARD_BYTES: "1024" } });
    });
    const [mute, pinging] = [await project.live(), await project.live()];
    const closed = new Promise<number>((settle) => {
      mute.socket.addEventListener("close", ({ code }) => settle(code));
    });
    const { cursor } = await watching(mute);
    await watching(pinging);
    for (let round = 0; round < 10; round++) {
      pinging.send("ping");
      await clickApart(project, 1, round);
    }
    expect(await closed).toBe(1013);
    expect(await hub.stats()).toMatchObject({ sockets: 1, staleSockets: 1 });
    expect(mute.takeArrived().length).toBeGreaterThan(2);
    const again = await project.live();
    expect(await watching(again, { cursor })).toMatchObject({ recovered: true, series: [{ v: [10] }] });
  });

  it("[L5] a client that gives up nearly all that it was sent is served what it wants then", async () => {
    const live = await (await TestProject.with(CLICKS)).live();
    live.send({ type: "ack", frames: 1 });
    const ids = Array.from({ length: 9 }, (_, i) => `s${i}`);
    for (const id of ids) expect(await watching(live, { id })).not.toHaveProperty("ack");
    for (const id of ids) live.send({ type: "unsubscribe", id });
    expect(await watching(live, { id: "next" })).toMatchObject({ type: "snapshot", id: "next", ack: true });
  });

  it("[L5] what a slow client missed is not forgotten when the hub sleeps", async () => {
    const project = await TestProject.with(CLICKS);
    const slow = await project.live();
    await watching(slow);
    slow.send({ type: "ack", frames: 1 });
    await clickApart(project, CLICKED);
    const { length } = slow.takeArrived();
    expect(length).toBeLessThan(CLICKED);
    await evictDurableObject(hubOf(project.name), { webSockets: "hibernate" });
    slow.send({ type: "ack", frames: length });
    expect(await slow.next<SnapshotMessage>()).toMatchObject({
      type: "snapshot",
      recovered: false,
      series: [{ v: [CLICKED] }],
    });
  });
});

describe("[L6] hubs", () => {
  it("[L6] a window object sends a metric only to hubs where somebody watches it", async () => {
    const project = await TestProject.with(CLICKS, VIEWS);
    const live = await project.live();
    await watching(live, { metric: "views" });
    await clickApart(project, 1);
    const kept = await runInDurableObject(env.METRIC_WINDOW.getByName(project.name), (_, { storage }) =>
      storage.sql.exec("SELECT hub, metric FROM watchers").toArray(),
    );
    expect(kept).toEqual([{ hub: project.name, metric: "views" }]);
    expect(live.takeArrived()).toEqual([]);
  });

  it("[L6] further hubs get their frames from the first, and theirs from them", async () => {
    const project = await TestProject.with(CLICKS);
    const names = [project.name, `${project.name}/1`, `${project.name}/2`, `${project.name}/17`];
    const sockets = await Promise.all(names.map(connect));
    for (const live of sockets) await watching(live);
    await project.post(click("a"));
    for (const live of sockets) expect((await live.next<DeltaMessage>()).series).toMatchObject([{ v: [1] }]);
    const watchers = await runInDurableObject(env.METRIC_WINDOW.getByName(project.name), (_, { storage }) =>
      storage.sql.exec("SELECT hub FROM watchers").toArray(),
    );
    expect(watchers).toEqual([{ hub: project.name }]);
    const { cursor } = await watchingCursor(sockets[3]);
    const moved = await connect(`${project.name}/2`);
    expect(await watching(moved, { cursor })).toMatchObject({ recovered: true });
  });

  it("[L6] the edge fills one hub after the other, and counts all of them", async () => {
    const project = await TestProject.with(CLICKS);
    await runInDurableObject(hubOf(project.name), (hub) => {
      // The setting is one of the deployment's.
      Object.defineProperty(hub, "env", { value: { ...env, HUB_SOCKETS: "2" } });
    });
    const sockets = [];
    for (let i = 0; i < 3; i++) sockets.push(await project.live());
    for (const live of sockets) await watching(live);
    await project.post(click("a"));
    for (const live of sockets) expect((await live.next<DeltaMessage>()).series).toMatchObject([{ v: [1] }]);
    const first = await hubOf(project.name).stats();
    const second = await hubOf(`${project.name}/1`).stats();
    expect([first.sockets, second.sockets]).toEqual([2, 1]);
    const text = await (await exports.default.fetch("http://freshet.test/metrics")).text();
    expect(text).toContain(`freshet_hub_sockets{project="${project.name}",hub="${project.name}/1"} 1`);
  });
});

/** The cursor of a socket's subscription: of a new one, as nothing has come since. */
async function watchingCursor(live: LiveSocket | undefined): Promise<{ cursor: string }> {
  if (live === undefined) throw new Error("no socket");
  return watching(live, { id: "again" });
}
