import { setTimeout as sleep } from "node:timers/promises";
import { getHeapStatistics, setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { parentPort, workerData } from "node:worker_threads";
import { DISTRIBUTIONS, seededRandom } from "../../durable-objects/engine/aggregates/adversarial-data.ts";
import { compileMetric, type DefinedMetric } from "../../durable-objects/engine/compiled-metric.ts";
import { RangeFolder } from "../../durable-objects/engine/range-folder.ts";
import { WindowSet, type WindowStep } from "../../durable-objects/engine/window-set.ts";
import type { Event } from "../../protocol/event.ts";
import { parseMetric } from "../../protocol/metric.ts";
import type { Filled, Filling } from "./filled-windows.ts";

const START_MS = 1_760_000_000_000;
/** A reader's range. */
const EVENTS_PER_RANGE = 6_000;

/** A window object of one partition, fed second by second. */
class Filler {
  readonly #filling: Filling;
  readonly #defined: DefinedMetric;
  readonly #set = new WindowSet({ partitions: 1, idlePartitionMs: 5_000 });
  readonly #random = seededRandom(7);
  #offset = -1;
  #users = 0;
  #second = 0;

  constructor(filling: Filling) {
    this.#filling = filling;
    const source = { event: "e", groupBy: ["g"], ...filling.definition };
    const parsed = parseMetric("m", source);
    if (!parsed.ok) throw new Error(parsed.message);
    this.#defined = { metric: parsed.value, revision: 1 };
    this.#set.define([this.#defined]);
    if (filling.isWatched) this.#windows.markTold();
  }

  get bytes(): number {
    return this.#set.bytes;
  }

  fill(untilBytes: number): void {
    while (this.#second < this.#filling.seconds && this.bytes < untilBytes) this.#fillSecond(this.#second++);
  }

  checkpoint(): string {
    return JSON.stringify(this.#windows.encode());
  }

  get #windows() {
    const windows = this.#set.metric("m");
    if (windows === undefined) throw new Error("the metric is gone");
    return windows;
  }

  #fillSecond(second: number): void {
    const { groups, events, isChurning, prefix = "" } = this.#filling;
    let range: Event[] = [];
    for (let i = 0; i < groups * events; i++) {
      const group = (i % groups) + (isChurning ? second * groups : 0);
      range.push(this.#event(second, `${prefix}g${group}`));
      if (range.length < EVENTS_PER_RANGE) continue;
      this.#take(range, second);
      range = [];
    }
    this.#take(range, second);
  }

  #event(second: number, g: string): Event {
    return {
      name: "e",
      ts: START_MS + second * 1_000 + Math.floor(this.#random() * 1_000),
      user: `u${this.#users++}`,
      value: Math.round(DISTRIBUTIONS.lognormal(this.#random) * 100) / 100,
      props: { g },
    };
  }

  /** Events and partials come as JSON: so do their strings. */
  #take(range: Event[], second: number): void {
    const folder = new RangeFolder([compileMetric(this.#defined)]);
    for (const event of throughJson(range)) folder.add(event);
    const after = this.#offset++;
    const read = {
      partition: 0,
      after,
      from: this.#offset,
      to: this.#offset,
      version: 1,
      oldestReceivedMs: 0,
    };
    const step: WindowStep = { type: "range", partial: throughJson({ ...read, ...folder.finish() }) };
    this.#set.step(step, START_MS + second * 1_000 + 999);
    this.#windows.takeSealed();
    if (this.#filling.isWatched) this.#windows.changes();
  }
}

function throughJson<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}

/** Garbage is swept by other threads, after the call. */
async function heapBytes(collect: () => void): Promise<number> {
  for (let i = 0; i < 2; i++) {
    collect();
    await sleep(100);
  }
  return getHeapStatistics().used_heap_size + process.memoryUsage().arrayBuffers;
}

setFlagsFromString("--expose-gc");
// Else what Node needed to begin would be given back between two measurements.
setFlagsFromString("--no-flush-bytecode");
const collect = runInNewContext("gc") as () => void;
const filling = workerData as Filling;
const filler = new Filler(filling);
// What the first events bring with them is not what windows take.
filler.fill(filling.untilBytes / 8);
const before = { accounted: filler.bytes, heap: await heapBytes(collect) };
filler.fill(filling.untilBytes);
const after = { accounted: filler.bytes, heap: await heapBytes(collect) };
const filled: Filled = {
  mostBytes: after.accounted,
  accountedBytes: after.accounted - before.accounted,
  heapBytes: after.heap - before.heap,
  checkpointLength: filler.checkpoint().length,
};
// eslint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin.
parentPort?.postMessage(filled);
