import { env, exports } from "cloudflare:workers";
import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import type { KeyRole } from "../../durable-objects/catalog.ts";
import type { MetricSource } from "../../protocol/metric.ts";
import { hashKey } from "../../workers/authorize.ts";
import { LiveSocket, TestProject } from "./project.ts";

const CLICKS = {
  name: "clicks",
  event: "click",
  aggregate: "count",
  window: { type: "tumbling", size: "1h" },
} satisfies MetricSource;
const subscribe = { type: "subscribe", id: "s1", metric: "clicks", range: "2h" };
const END = '{"type":"error","code":"unauthorized","message":"the key has been removed"}';

const catalog = () => env.CATALOG.getByName("catalog");
const hubOf = (project: TestProject) => env.LIVE_HUB.getByName(project.name);

/** A socket that is subscribed, and what it is told from then on: texts, and at last its end. */
async function watching(key: string): Promise<{ told: string[] }> {
  const response = await exports.default.fetch("http://freshet.test/v1/live", {
    headers: { upgrade: "websocket", "sec-websocket-protocol": `freshet.v1, ${key}` },
  });
  if (response.webSocket === null) throw new Error(`no socket: ${response.status}`);
  const live = new LiveSocket(response.webSocket, response.headers);
  live.send(subscribe);
  await live.nextText();
  const told: string[] = [];
  live.socket.addEventListener("message", ({ data }) => told.push(String(data)));
  live.socket.addEventListener("close", ({ code, reason }) => told.push(`${code} ${reason}`));
  return { told };
}

async function addKey(project: TestProject, id: string, role: KeyRole = "read"): Promise<string> {
  const key = `${id}-${crypto.randomUUID()}`;
  await catalog().putKey(project.name, id, await hashKey(key), role, {});
  return key;
}

/** Takes a key, or a link, away without telling the hubs: as when the catalog dies before it does. */
async function removeUntold(table: "keys" | "shares", project: TestProject, id: string): Promise<void> {
  await runInDurableObject(catalog(), (_, { storage }) => {
    storage.sql.exec(`DELETE FROM ${table} WHERE project = ? AND id = ?`, project.name, id);
  });
}

/** The hub wakes up, and a minute has passed since it last asked. */
async function sleepAMinute(project: TestProject): Promise<void> {
  await runInDurableObject(hubOf(project), (_, { storage }) => {
    storage.kv.put("grantsCheckedMs", Date.now() - 60_000);
  });
  await evictDurableObject(hubOf(project));
}

const click = (project: TestProject) => project.post([{ name: "click" }]);

describe("[I7] a key that is removed", () => {
  it("[I7] closes its sockets at once, also those of a hub that sleeps, and no others", async () => {
    const project = await TestProject.with(CLICKS);
    const key = await addKey(project, "viewer");
    const [removed, kept] = [await watching(key), await watching(project.key("read"))];
    await evictDurableObject(hubOf(project));
    expect(await catalog().deleteKey(project.name, "viewer")).toBe(true);
    await expect.poll(() => removed.told).toEqual([END, "4401 the key has been removed"]);
    await click(project);
    await expect.poll(() => kept.told.length).toBe(1);
    expect(kept.told[0]).toContain('"delta"');
    expect(await catalog().deleteKey(project.name, "viewer")).toBe(false);
  });

  it("[I7] so does one whose secret is replaced, or that may not read any more; other options do not", async () => {
    const project = await TestProject.with(CLICKS);
    const keys = await Promise.all(["secret", "role", "options"].map((id) => addKey(project, id)));
    const [secret, role, options] = await Promise.all(keys.map(watching));
    await catalog().putKey(project.name, "role", await hashKey(keys[1] ?? ""), "write", {});
    await catalog().putKey(project.name, "options", await hashKey(keys[2] ?? ""), "admin", { origins: [] });
    await addKey(project, "secret");
    await expect.poll(() => secret?.told.at(-1)).toBe("4401 the key has been removed");
    await expect.poll(() => role?.told.at(-1)).toBe("4401 the key has been removed");
    await click(project);
    await expect.poll(() => options?.told.at(-1)).toContain('"delta"');
  });

  it("[I7] of which the hub was not told, is found with a frame, at most a minute later; links likewise", async () => {
    const project = await TestProject.with(CLICKS);
    const key = await addKey(project, "viewer");
    const link = await catalog().mintShare(project.name, { metrics: ["clicks"] }, 600_000);
    if (link === "too_many") throw new Error("no link");
    const sockets = [await watching(key), await watching(link.token), await watching(project.key("read"))];
    const [removed, revoked, kept] = sockets;
    await click(project);
    await expect.poll(() => sockets.map(({ told }) => told.length)).toEqual([1, 1, 1]);
    await removeUntold("keys", project, "viewer");
    await removeUntold("shares", project, link.id);
    // The hub has just asked, and goes on with the answer.
    await click(project);
    await expect.poll(() => sockets.map(({ told }) => told.length)).toEqual([2, 2, 2]);
    await sleepAMinute(project);
    await click(project);
    await expect.poll(() => removed?.told.at(-1)).toBe("4401 the key has been removed");
    await expect.poll(() => revoked?.told.at(-1)).toBe("4401 the share link has been revoked");
    await expect.poll(() => kept?.told.length).toBe(3);
  });

  it("[I7] is found when a socket subscribes, too", async () => {
    const project = await TestProject.with(CLICKS);
    const key = await addKey(project, "viewer");
    const removed = await watching(key);
    await removeUntold("keys", project, "viewer");
    await sleepAMinute(project);
    await watching(project.key("read"));
    await expect.poll(() => removed.told).toEqual([END, "4401 the key has been removed"]);
  });

  it("[I7] whatever a client says in the header of the hash, its own key counts", async () => {
    const project = await TestProject.with(CLICKS);
    const key = await addKey(project, "viewer");
    const response = await exports.default.fetch("http://freshet.test/v1/live", {
      headers: {
        upgrade: "websocket",
        "sec-websocket-protocol": `freshet.v1, ${key}`,
        "x-freshet-key-hash": await hashKey(project.key("read")),
      },
    });
    const live = new LiveSocket(response.webSocket as WebSocket, response.headers);
    await catalog().deleteKey(project.name, "viewer");
    expect(await live.nextText()).toBe(END);
  });
});
