import { describe, expect, it } from "vitest";
import { Client } from "./client.ts";
import { DurableObject } from "./cloudflare-workers.ts";
import { SimulatedObject } from "./simulated-object.ts";
import type { SimulatedStorage } from "./simulated-storage.ts";
import { type Crash, World } from "./world.ts";

/** Adds one to a number on disk, or to one in memory, or when its alarm rings. */
class Counter extends DurableObject<{ storage: SimulatedStorage }> {
  #inMemory = 0;

  add(): number {
    const next = Number(this.ctx.storage.kv.get("count") ?? 0) + 1;
    this.ctx.storage.kv.put("count", next);
    return next;
  }

  remember(): number {
    return ++this.#inMemory;
  }

  async addLater(): Promise<void> {
    await this.ctx.storage.setAlarm(Date.now() + 1_000);
  }

  async alarm(): Promise<void> {
    await new Promise((resolve) => {
      setTimeout(resolve, 50);
    });
    this.add();
  }
}

function setUp(crashes: Crash[]) {
  const world = new World({ seed: 1, startMs: 0, latency: () => 1, crashes, holdUps: [] });
  const client = new Client(world);
  const object = new SimulatedObject(world, {
    kind: "COUNTER",
    id: "one",
    create: Counter,
    env: () => ({}),
    onCommit: () => undefined,
  });
  world.add(object);
  const counter = object.stubFor(client) as Record<"add" | "remember" | "addLater", () => Promise<unknown>>;
  const outcome = (call: () => Promise<unknown>) => client.does(() => call().catch(String));
  return { world, object, counter, outcome, stored: () => object.storage.kv.get("count") };
}

describe("[W6] the simulated platform", () => {
  // Its steps: the client begins, the call arrives, its writes are committed, the answer arrives.
  it.each([
    [2, "Error: COUNTER one was reset", undefined],
    [3, "Error: COUNTER one was reset", 1],
    [4, 1, 1],
  ])("[W6] what is lost after step %i: the caller sees %s, on disk is %s", async (step, seen, kept) => {
    const { counter, outcome, stored } = setUp([{ step, actor: "COUNTER one" }]);
    expect(await outcome(() => counter.add())).toBe(seen);
    expect(stored()).toBe(kept);
  });

  it("[W6] an answer waits for what was written before it, also by another call", async () => {
    const { world, counter, outcome } = setUp([]);
    await outcome(() => Promise.all([counter.add(), counter.remember()]));
    const labels = world.steps.map(({ label }) => label);
    const commit = labels.indexOf("COUNTER one: commit");
    expect(labels.filter((label, i) => label.endsWith("answers") && i < commit)).toEqual([]);
    expect(commit).toBeGreaterThan(0);
  });

  it("[W6] memory is lost with a life, and nothing of that life goes on", async () => {
    const { world, counter, outcome } = setUp([]);
    expect(await outcome(() => counter.remember())).toBe(1);
    expect(await outcome(() => counter.remember())).toBe(2);
    world.crash("all");
    expect(await outcome(() => counter.remember())).toBe(1);
  });

  it("[W6] an alarm rings once, and again if it was cut off before its work was on disk", async () => {
    const whole = setUp([]);
    await whole.outcome(() => whole.counter.addLater());
    expect(whole.stored()).toBe(1);
    for (let step = 4; step <= whole.world.steps.length; step++) {
      const cut = setUp([{ step, actor: "all" }]);
      await cut.outcome(() => cut.counter.addLater());
      expect(cut.stored(), `cut off after step ${step}`).toBe(1);
    }
  });

  it("[W6] the same seed leads to the same steps", async () => {
    const runs = [setUp([]), setUp([])];
    for (const { outcome, counter } of runs)
      await outcome(() => Promise.all([counter.add(), counter.addLater()]));
    expect(runs[0]?.world.steps).toEqual(runs[1]?.world.steps);
  });
});
