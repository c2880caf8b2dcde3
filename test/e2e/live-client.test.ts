import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FreshetLive } from "../../client/live/freshet-live.ts";
import { Freshet } from "../helpers/freshet.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const PATIENCE_MS = 30_000;

let freshet: Freshet;
let folder: string;

beforeAll(async () => {
  freshet = await Freshet.start();
  await freshet.putMetric({
    name: "ad_clicks",
    event: "click",
    aggregate: "count",
    window: { type: "tumbling", size: "1h" },
    groupBy: ["campaign"],
  });
  // In the checkout, so that the example's path leads to the library.
  folder = mkdtempSync(join(ROOT, ".freshet-example-"));
});

afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await freshet.stop();
});

const click = (campaign: string) =>
  freshet.post(crypto.randomUUID(), JSON.stringify({ name: "click", props: { campaign } }));

async function until(isSo: () => boolean): Promise<void> {
  const deadlineMs = Date.now() + PATIENCE_MS;
  while (!isSo()) {
    if (Date.now() > deadlineMs) throw new Error(`not so within ${PATIENCE_MS} ms`);
    await sleep(50);
  }
}

describe("[L3] the live library", () => {
  it("[L3] runs as its README says, in Node as it is", async () => {
    const example = /```ts\n([\s\S]*?FreshetLive[\s\S]*?)```/.exec(
      readFileSync(join(ROOT, "client/README.md"), "utf8"),
    )?.[1];
    const file = join(folder, "example.ts");
    writeFileSync(file, (example ?? "").replace("./client/", "../client/"));
    const child: ChildProcess = spawn(process.execPath, [file], {
      env: { ...process.env, FRESHET_URL: freshet.url },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let said = "";
    child.stdout?.setEncoding("utf8").on("data", (text: string) => (said += text));
    child.stderr?.setEncoding("utf8").on("data", (text: string) => (said += text));
    try {
      await until(() => said.includes("whole picture"));
      await click("summer");
      await until(() => said.includes("{ campaign: 'summer' } 1"));
    } finally {
      child.kill();
    }
  });

  it("[L2] tells a subscriber what was wrong with what it asked for", async () => {
    const live = new FreshetLive({ url: freshet.url, key: "demo-read" });
    const messages: string[] = [];
    const error = ({ message }: { message: string }): unknown => messages.push(message);
    try {
      live.subscribe({ metric: "ad_clicks", range: "1y" }, { error });
      await until(() => messages.length > 0);
      expect(messages[0]).toContain('range is "1y"; expected a duration');
    } finally {
      live.close();
    }
  });

  it("[L3] comes back after a crash of the server, and its picture is the server's", async () => {
    const live = new FreshetLive({ url: freshet.url, key: "demo-read" });
    const { picture, stats } = live.subscribe({ metric: "ad_clicks", range: "2h" });
    try {
      await click("winter");
      await until(() => picture.newest({ campaign: "winter" })?.value === 1);
      freshet.killWorkerd();
      await until(() => live.state.phase !== "open");
      await until(() => live.state.phase === "open" && stats.snapshots === 2);
      await click("winter");
      await until(() => picture.newest({ campaign: "winter" })?.value === 2);
      expect(live.state.reconnects).toBeGreaterThan(0);
    } finally {
      live.close();
    }
  });

  it("[L3] ends the trying where the key is refused for good, at once or later, and says so", async () => {
    const key = `viewer-${crypto.randomUUID()}`;
    const path = "/v1/catalog/projects/demo/keys/viewer";
    const watch = (own: string) => {
      const told: unknown[] = [];
      const live = new FreshetLive({
        url: freshet.url,
        key: own,
        onState: ({ phase }) => told.push(phase),
        onRefused: (refusal) => told.push(refusal),
      });
      return { live, told };
    };
    const refused = (code: string, message: string) => ["connecting", "open", "closed", { code, message }];
    const unknown = watch(key);
    const writer = watch("demo-write");
    await until(() => unknown.live.state.phase === "closed" && writer.live.state.phase === "closed");
    expect(unknown.told).toEqual(refused("unauthorized", "the key is not known"));
    expect(writer.told).toEqual(refused("forbidden", "a write key may not do this; expected read or admin"));
    await freshet.fetch(path, { method: "PUT", body: JSON.stringify({ key, role: "read" }) });
    // An edge remembers for a second that it did not know the key.
    await sleep(1_100);
    const viewer = watch(key);
    await until(() => viewer.live.state.phase === "open");
    expect((await freshet.fetch(path, { method: "DELETE" })).status).toBe(204);
    await until(() => viewer.live.state.phase === "closed");
    await sleep(2_000);
    expect(viewer.told).toEqual(refused("unauthorized", "the key has been removed"));
    expect(unknown.told).toHaveLength(4);
  });
});
