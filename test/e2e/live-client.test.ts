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
});
