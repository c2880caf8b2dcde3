import { env, exports } from "cloudflare:workers";
import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import type { Batcher } from "../../durable-objects/batcher.ts";
import { TestProject } from "./project.ts";

const COUNT = {
  name: "all",
  event: "e",
  aggregate: "count",
  window: { type: "tumbling", size: "1h" },
} as const;

/** The sum of a family's samples whose labels hold `label`. */
async function total(name: string, label = ""): Promise<number> {
  const text = await (await exports.default.fetch("http://freshet.test/metrics")).text();
  const samples = text.split("\n").filter((line) => line.startsWith(`${name}{`) && line.includes(label));
  return samples.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" "))), 0);
}

/** Waits until a batcher has stored what it counted: it does so every five seconds. */
async function stored(batcher: DurableObjectStub<Batcher>): Promise<void> {
  const wanted = JSON.stringify(await batcher.stats());
  for (let tries = 0; tries < 80; tries++) {
    const kept = await runInDurableObject(batcher, (_, { storage }) =>
      JSON.stringify(storage.kv.get("stats")),
    );
    if (kept === wanted) return;
    await scheduler.wait(100);
  }
  throw new Error(`not stored within 8 s: ${wanted}`);
}

/** Every counter of ingest at once. */
async function counts(): Promise<number[]> {
  return Promise.all([
    total("freshet_events_accepted_total"),
    total("freshet_batches_accepted_total"),
    total("freshet_batches_repeated_total"),
    total("freshet_events_rejected_total", 'reason="name"'),
    total("freshet_events_rejected_total", 'reason="future"'),
  ]);
}

describe("[O5] counters of ingest", () => {
  it("[O5] count each event once, and survive the eviction of what counts them", async () => {
    const project = await TestProject.with(COUNT);
    await project.post(
      [{ name: "e" }, { name: "e" }, { name: "" }, { name: "e", ts: Date.now() + 1e6 }],
      "one",
    );
    await project.post(
      [{ name: "e" }, { name: "e" }, { name: "" }, { name: "e", ts: Date.now() + 1e6 }],
      "one",
    );
    await project.post([{ name: 5 }, { name: 6 }]);
    const wanted = [2, 1, 1, 4, 2];
    expect(await counts()).toEqual(wanted);
    for (const name of await env.CATALOG.getByName("catalog").batchers()) {
      const batcher = env.BATCHER.getByName(name);
      await stored(batcher);
      await evictDurableObject(batcher);
    }
    expect(await counts()).toEqual(wanted);
    await project.post([{ name: "e" }]);
    expect((await counts())[0]).toBe(3);
  }, 30_000);

  it("[O5] every sample names its object once, so that no two series are the same", async () => {
    const project = await TestProject.with(COUNT);
    for (let i = 0; i < 12; i++) await project.post([{ name: "e" }]);
    await project.sumWhen("all", 12);
    const response = await exports.default.fetch("http://freshet.test/metrics");
    expect(response.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
    const samples = (await response.text())
      .split("\n")
      .filter((line) => line !== "" && !line.startsWith("#"));
    const series = samples.map((line) => line.slice(0, line.lastIndexOf(" ")));
    expect(new Set(series).size).toBe(series.length);
  });
});
