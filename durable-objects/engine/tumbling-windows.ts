import { groupsPerObject } from "../../protocol/footprint.ts";
import type { Accumulator, Aggregate, Encoded } from "./aggregates/aggregate.ts";
import type { CompiledMetric } from "./compiled-metric.ts";
import { otherKey } from "./group-key.ts";
import { type MemoryBudget, PLACE_BYTES, textBytes } from "./memory-budget.ts";
import type { MetricPartial } from "./partials.ts";
import { ceilTo, type EncodedWindows, type Taken, type Touch, type Windows } from "./windows.ts";

const NONE: ReadonlyMap<string, Accumulator> = new Map();

/** Tumbling windows: each is one pane. Its first groups keep their names. */
export class TumblingWindows implements Windows {
  readonly #aggregate: Aggregate;
  readonly #sizeMs: number;
  readonly #mostGroups: number;
  readonly #other: string;
  readonly #budget: MemoryBudget;
  readonly #windows = new Map<number, Map<string, Accumulator>>();
  #sealedEnd = 0;
  #visibleEnd = 0;

  constructor({ aggregate, metric }: CompiledMetric, budget: MemoryBudget, encoded?: EncodedWindows) {
    this.#aggregate = aggregate;
    this.#sizeMs = metric.window.sizeMs;
    this.#mostGroups = groupsPerObject(metric);
    this.#other = otherKey(metric.groupBy);
    this.#budget = budget;
    this.#sealedEnd = encoded?.sealedEnd ?? 0;
    for (const [key, ends, states] of encoded?.groups ?? []) {
      for (const [i, end] of ends.entries()) this.#put(this.#windowAt(end), key, undefined, states[i] ?? 0);
    }
  }

  apply({ panes = [] }: MetricPartial, touch: Touch): Taken {
    const taken: Taken = { late: 0, folded: 0, dropped: 0 };
    for (const [startMs, events, keys, states] of panes) {
      const end = startMs + this.#sizeMs;
      if (end <= this.#sealedEnd) {
        taken.late += events;
        continue;
      }
      const window = this.#windowAt(end);
      // Not by `entries()`: that is a pair for each of many groups.
      for (let i = 0; i < keys.length; i++) {
        const givenKey = keys[i] ?? "";
        const key = this.#take(window, givenKey, states[i] ?? 0);
        if (key !== givenKey) taken.folded++;
        touch(end, key);
      }
    }
    return taken;
  }

  show(visibleEnd: number, _reachedMs: number, touch: Touch): Taken {
    for (const end of this.ends(this.#visibleEnd, visibleEnd)) {
      for (const key of this.at(end).keys()) touch(end, key);
    }
    this.#visibleEnd = visibleEnd;
    return { late: 0, folded: 0, dropped: 0 };
  }

  ends(after: number, through: number): number[] {
    const first = ceilTo(after + 1, this.#sizeMs);
    // Mostly one end is asked for, or none.
    if (through < first) return [];
    if (through < first + this.#sizeMs) return this.#windows.has(first) ? [first] : [];
    return [...this.#windows.keys()].filter((end) => end > after && end <= through).sort((a, b) => a - b);
  }

  at(endMs: number): ReadonlyMap<string, Accumulator> {
    return this.#windows.get(endMs) ?? NONE;
  }

  seal(sealedEnd: number): number {
    this.#sealedEnd = sealedEnd;
    for (const [end, groups] of this.#windows) {
      if (end > sealedEnd) continue;
      for (const [key, { bytes }] of groups) this.#budget.usedBytes -= bytes + placeBytes(key);
      this.#windows.delete(end);
    }
    return 0;
  }

  release(): void {
    this.seal(Number.POSITIVE_INFINITY);
  }

  encode(): EncodedWindows {
    const groups = new Map<string, [string, number[], Encoded[]]>();
    for (const [end, window] of this.#windows) {
      for (const [key, accumulator] of window) {
        const group = groups.get(key) ?? [key, [], []];
        groups.set(key, group);
        group[1].push(end);
        group[2].push(accumulator.encode());
      }
    }
    return { sealedEnd: this.#sealedEnd, groups: [...groups.values()] };
  }

  /** `__other__` itself needs no room. */
  #hasRoom(window: ReadonlyMap<string, Accumulator>): boolean {
    if (this.#budget.isFull) return false;
    return window.size - (window.has(this.#other) ? 1 : 0) < this.#mostGroups;
  }

  /** @returns the group that took the state: its own while there is room, else `__other__`. */
  #take(window: Map<string, Accumulator>, givenKey: string, state: Encoded): string {
    const present = window.get(givenKey);
    const key = present !== undefined || this.#hasRoom(window) ? givenKey : this.#other;
    this.#put(window, key, key === givenKey ? present : window.get(key), state);
    return key;
  }

  #put(
    window: Map<string, Accumulator>,
    key: string,
    present: Accumulator | undefined,
    state: Encoded,
  ): void {
    const delta = this.#aggregate.decode(state);
    const before = present === undefined ? -placeBytes(key) : present.bytes;
    if (present === undefined) window.set(key, delta);
    else present.merge(delta);
    this.#budget.usedBytes += (present ?? delta).bytes - before;
  }

  #windowAt(end: number): Map<string, Accumulator> {
    let window = this.#windows.get(end);
    if (window === undefined) this.#windows.set(end, (window = new Map()));
    return window;
  }
}

/** Each window holds the keys as they came. */
function placeBytes(key: string): number {
  return PLACE_BYTES + textBytes(key);
}
