import type { Metric } from "../../protocol/metric.ts";
import { cpuUs } from "./cpu.ts";
import { type Density, EVENTS_PER_RANGE, EventStream } from "./event-stream.ts";
import { KeyedLoop } from "./keyed-loop.ts";
import { type EngineCost, wholeCost, WindowEngine } from "./window-engine.ts";

/** Loop, engine, engine, loop, each for so many ranges: what slows the machine for a while slows both. */
const RANGES_PER_SLICE = 32;
const ROUND_CPU_US = 150_000;

/** CPU µs of one round, and its events. */
export interface Round extends EngineCost {
  loop: number;
  events: number;
}

/** The engine and the bare loop in turn over the same events. */
export class Duet {
  readonly engine: WindowEngine;
  readonly #loop = new KeyedLoop();
  readonly #engineStream: EventStream;
  readonly #loopStream: EventStream;
  #loopUs = 0;
  #ranges = 0;

  constructor(metric: Metric, density: Density) {
    this.engine = new WindowEngine(metric);
    this.#engineStream = new EventStream(density);
    this.#loopStream = new EventStream(density);
  }

  /** That each of the two has taken. */
  get events(): number {
    return this.#ranges * EVENTS_PER_RANGE;
  }

  /** Whole slices until `isDone`. */
  runUntil(isDone: () => boolean): void {
    do {
      this.#runLoop();
      this.#runEngine();
      this.#runEngine();
      this.#runLoop();
    } while (!isDone());
  }

  /** At least a window of event time: what is done once a window is in it as often as it is due. */
  round(windowMs: number): Round {
    const before = { ...this.engine.cost, loop: this.#loopUs, events: this.events };
    const fromMs = this.#engineStream.elapsedMs;
    this.runUntil(() => {
      const isWhole = this.#engineStream.elapsedMs - fromMs >= windowMs;
      return isWhole && wholeCost(this.engine.cost) - wholeCost(before) >= ROUND_CPU_US;
    });
    const { fold, json, windows } = this.engine.cost;
    return {
      fold: fold - before.fold,
      json: json - before.json,
      windows: windows - before.windows,
      loop: this.#loopUs - before.loop,
      events: this.events - before.events,
    };
  }

  /**
   * Seals what is open.
   *
   * @returns how many events there were.
   * @throws Error when either has lost some.
   */
  close(): number {
    this.engine.close();
    this.#loop.close();
    const { events } = this;
    if (this.#loop.events !== events) throw new Error(`the loop counted ${this.#loop.events} of ${events}`);
    if (this.engine.lost > 0) throw new Error(`the engine lost ${this.engine.lost} events or groups`);
    return events;
  }

  #runLoop(): void {
    for (let i = 0; i < RANGES_PER_SLICE; i++) {
      const { events } = this.#loopStream.next();
      const startUs = cpuUs();
      this.#loop.take(events);
      this.#loop.dropOld();
      this.#loopUs += cpuUs() - startUs;
    }
  }

  #runEngine(): void {
    for (let i = 0; i < RANGES_PER_SLICE; i++) this.engine.take(this.#engineStream.next());
    this.#ranges += RANGES_PER_SLICE;
  }
}
