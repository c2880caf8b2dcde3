import { env, exports } from "cloudflare:workers";
import { evictDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import type { DeltaMessage, ErrorMessage, SnapshotMessage } from "../../protocol/live.ts";
import type { MetricSource } from "../../protocol/metric.ts";
import { type LiveSocket, TestProject } from "./project.ts";

const CLICKS = {
  name: "clicks",
  event: "click",
  aggregate: "count",
  window: { type: "tumbling", size: "1h" },
  groupBy: ["campaign"],
} satisfies MetricSource;

const click = (campaign: string) => [{ name: "click", props: { campaign } }];
const subscribe = { type: "subscribe", id: "s1", metric: "clicks", range: "2h" };

async function watching(project: TestProject): Promise<{ live: LiveSocket; snapshot: SnapshotMessage }> {
  const live = await project.live();
  live.send(subscribe);
  return { live, snapshot: await live.next<SnapshotMessage>() };
}

describe("[L3] resume by cursor", () => {
  it("[L3] after a lost connection yields what was missed, merged", async () => {
    const project = await TestProject.with(CLICKS);
    const { live } = await watching(project);
    await project.post(click("a"));
    const { cursor } = await live.next<DeltaMessage>();
    live.socket.close();
    await project.post(click("b"));
    await project.sumWhen("clicks", 2);
    await project.post(click("b"));
    await project.sumWhen("clicks", 3);
    await scheduler.wait(500);
    const again = await project.live();
    again.send({ ...subscribe, cursor });
    const recovered = await again.next<SnapshotMessage>();
    expect(recovered).toMatchObject({ type: "snapshot", recovered: true });
    expect(recovered.series.map(({ group, v }) => [group, v])).toEqual([[{ campaign: "b" }, [2]]]);
    await project.post(click("a"));
    expect((await again.next<DeltaMessage>()).series).toMatchObject([{ group: { campaign: "a" }, v: [2] }]);
  });

  it("[L3] when nothing changed, nothing is sent again, even if the hub has slept meanwhile", async () => {
    const project = await TestProject.with(CLICKS);
    await project.post(click("a"));
    await project.sumWhen("clicks", 1);
    const { live, snapshot } = await watching(project);
    live.socket.close();
    await evictDurableObject(env.LIVE_HUB.getByName(project.name), { webSockets: "hibernate" });
    const again = await project.live();
    again.send({ ...subscribe, cursor: snapshot.cursor });
    expect(await again.next<SnapshotMessage>()).toMatchObject({ recovered: true, series: [] });
  });

  it.each([
    ["of another life of the windows", "abc.1"],
    ["that is none", "nonsense"],
    ["beyond what has happened", undefined],
  ])("[L3] a cursor %s yields a snapshot", async (_, cursor) => {
    const project = await TestProject.with(CLICKS);
    await project.post(click("a"));
    await project.sumWhen("clicks", 1);
    const { snapshot } = await watching(project);
    const again = await project.live();
    const [life, , tag] = snapshot.cursor.split(".");
    again.send({ ...subscribe, cursor: cursor ?? `${life}.zzz.${tag}` });
    const answer = await again.next<SnapshotMessage>();
    expect(answer).toMatchObject({ recovered: false, series: [{ group: { campaign: "a" }, v: [1] }] });
  });

  it.each([
    ["metric", { metric: "all" }],
    ["range", { range: "3h" }],
    ["groups", { groups: [{ campaign: "a" }] }],
  ])("[L3] a cursor of another %s yields a snapshot", async (_, other) => {
    const project = await TestProject.with(CLICKS, { ...CLICKS, name: "all", groupBy: [] });
    await project.post(click("a"));
    await project.sumWhen("clicks", 1);
    const { snapshot } = await watching(project);
    const again = await project.live();
    again.send({ ...subscribe, ...other, cursor: snapshot.cursor });
    const answer = await again.next<SnapshotMessage>();
    expect(answer).toMatchObject({ recovered: false, series: [{ v: [1] }] });
  });

  it("[L3] a new life of the window object gives whoever watches a new picture, without being asked", async () => {
    const project = await TestProject.with(CLICKS);
    const { live } = await watching(project);
    await project.post(click("a"));
    await live.next<DeltaMessage>();
    await evictDurableObject(env.METRIC_WINDOW.getByName(project.name));
    await project.post(click("b"));
    const seen = new Map<string, unknown>();
    while (seen.size < 2) {
      const message = await live.next<SnapshotMessage | DeltaMessage>();
      for (const { group, v } of message.series) seen.set(group["campaign"] ?? "", v);
    }
    expect([...seen]).toEqual([
      ["a", [1]],
      ["b", [1]],
    ]);
  });

  it("[L3] a hub that slept while nothing came goes on with deltas", async () => {
    const project = await TestProject.with(CLICKS);
    const { live } = await watching(project);
    await project.post(click("a"));
    await live.next<DeltaMessage>();
    await evictDurableObject(env.LIVE_HUB.getByName(project.name), { webSockets: "hibernate" });
    await project.post(click("a"));
    expect(await live.next<DeltaMessage>()).toMatchObject({ type: "delta", series: [{ v: [2] }] });
  });
});

it("[L3] what a socket keeps of a slow client outlives a sleep, however much it subscribes to", async () => {
  const project = await TestProject.with(CLICKS);
  const { live } = await watching(project);
  /** Whether a subscription whose group has so many characters is taken. */
  const takes = async (id: string, characters: number): Promise<boolean> => {
    live.send({ ...subscribe, id, groups: [{ campaign: "x".repeat(characters) }] });
    for (;;) {
      const message = await live.next<SnapshotMessage | ErrorMessage>();
      if (message.id === id) return message.type === "snapshot";
    }
  };
  expect(await takes("wide", 7_900)).toBe(true);
  expect(await takes("wide too", 7_000)).toBe(true);
  let [most, tooMany] = [0, 2_000];
  while (tooMany - most > 1) {
    const middle = Math.floor((most + tooMany) / 2);
    if (await takes("fill", middle)) most = middle;
    else tooMany = middle;
  }
  expect(await takes("fill", most)).toBe(true);
  live.send({ type: "ack", frames: 1 });
  // The client is asked, says nothing for longer than the hub's patience, and so is not told of "late".
  for (let isAsked = false; !isAsked;) {
    await project.post(click("a"));
    isAsked = (await live.next<DeltaMessage>()).ack === true;
  }
  await scheduler.wait(1_700);
  await project.post(click("late"));
  await scheduler.wait(700);
  expect(live.takeArrived()).toEqual([]);
  await evictDurableObject(env.LIVE_HUB.getByName(project.name), { webSockets: "hibernate" });
  live.send({ type: "ack", frames: 99 });
  await project.post(click("a"));
  const told = new Set<string | undefined>();
  while (!told.has("late")) {
    const { series } = await live.next<SnapshotMessage | DeltaMessage>();
    for (const { group } of series ?? []) told.add(group["campaign"]);
  }
});

describe("[L1] the compact subprotocol", () => {
  it("[L1] is chosen by its name, and its frames are binary", async () => {
    const project = await TestProject.with(CLICKS);
    const response = await exports.default.fetch("http://freshet.test/v1/live", {
      headers: { upgrade: "websocket", "sec-websocket-protocol": `freshet.v2, ${project.key("read")}` },
    });
    expect(response.headers.get("sec-websocket-protocol")).toBe("freshet.v2");
    const socket = response.webSocket;
    const frame = new Promise<unknown>((resolve) => {
      socket?.addEventListener("message", ({ data }) => resolve(data));
    });
    socket?.accept();
    socket?.send(JSON.stringify(subscribe));
    expect(typeof (await frame)).toBe("object");
  });
});
