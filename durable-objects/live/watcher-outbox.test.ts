import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { WatcherList } from "../window/watcher-list.ts";
import type { LiveFrame } from "./live-frame.ts";
import { WatcherOutbox } from "./watcher-outbox.ts";

const NO_STORE = { watchers: () => [], addWatcher: () => undefined, removeWatcher: () => undefined };

const frame = (sequence: number, metric = "m"): LiveFrame => ({
  metric,
  position: { life: 1, sequence },
  delta: { after: sequence - 1, series: "[]", watermark: null, lag: 0 },
});

/** A watcher whose answers are given by the test. */
class Desk {
  readonly watchers = new WatcherList(NO_STORE);
  readonly calls: { watcher: string; frames: LiveFrame[] }[] = [];
  readonly #answers: { resolve: (unwatched: string[]) => void; reject: (error: Error) => void }[] = [];
  readonly outbox = new WatcherOutbox({
    watchers: this.watchers,
    keepAlive: () => undefined,
    deliver: (watcher, frames) => {
      this.calls.push({ watcher, frames });
      return new Promise((resolve, reject) => this.#answers.push({ resolve, reject }));
    },
  });

  constructor() {
    for (const watcher of ["a", "b"]) this.watchers.add(watcher, "m");
  }

  async answer(unwatched: string[] = []): Promise<void> {
    this.#answers.shift()?.resolve(unwatched);
    await vi.advanceTimersByTimeAsync(0);
  }

  async fail(): Promise<void> {
    this.#answers.shift()?.reject(new Error("reset"));
    await vi.advanceTimersByTimeAsync(0);
  }

  get sequences(): (number | undefined)[][] {
    return this.calls.map(({ frames }) => frames.map(({ position }) => position?.sequence));
  }
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe("[L6] frames on their way to watchers", () => {
  it("[L6] go in order, one call at a time, and one that is slow holds up no other", async () => {
    const desk = new Desk();
    void desk.outbox.send("a", [frame(1)]);
    void desk.outbox.send("b", [frame(1)]);
    void desk.outbox.send("a", [frame(2)]);
    void desk.outbox.send("a", [frame(3)]);
    expect(desk.calls.map(({ watcher }) => watcher)).toEqual(["a", "b"]);
    await desk.answer();
    expect(desk.sequences).toEqual([[1], [1], [2, 3]]);
  });

  it("[L3] a call that fails is followed by the word that nothing goes on from before, until that arrives", async () => {
    const desk = new Desk();
    void desk.outbox.send("a", [frame(1)]);
    void desk.outbox.send("a", [frame(2)]);
    await desk.fail();
    await vi.advanceTimersByTimeAsync(250);
    await desk.fail();
    await vi.advanceTimersByTimeAsync(500);
    expect(desk.calls.slice(1).map(({ frames }) => frames)).toEqual([
      [{ metric: "m", position: { life: 1, sequence: 2 } }],
      [{ metric: "m", position: { life: 1, sequence: 2 } }],
    ]);
  });

  it("[L6] so is one for whom too much waits: what waits is bounded", async () => {
    const desk = new Desk();
    for (let sequence = 1; sequence <= 300; sequence++) void desk.outbox.send("a", [frame(sequence)]);
    await desk.answer();
    const waited = desk.calls[1]?.frames ?? [];
    expect(waited[0]?.delta).toBeUndefined();
    expect(waited.at(-1)?.position?.sequence).toBe(300);
    expect(waited.length).toBeLessThan(257);
  });

  it("[L6] the answer that nobody watches ends it, but not if somebody has asked again meanwhile", async () => {
    const desk = new Desk();
    void desk.outbox.send("a", [frame(1)]);
    void desk.outbox.send("b", [frame(1)]);
    desk.watchers.add("b", "m");
    await desk.answer(["m"]);
    await desk.answer(["m"]);
    expect([desk.watchers.includes("a", "m"), desk.watchers.includes("b", "m")]).toEqual([false, true]);
  });

  it("[L6] nothing to send keeps nobody from being sent to later", async () => {
    const desk = new Desk();
    await desk.outbox.send("a", [frame(1, "unknown")]);
    void desk.outbox.send("a", [frame(2)]);
    expect(desk.sequences).toEqual([[2]]);
  });
});
