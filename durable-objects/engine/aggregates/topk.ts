import type { Accumulator, Aggregate, Encoded, Input, TopItem } from "./aggregate.ts";

/** Counters for each place of the ranking, and the least number of them: a ranking of 100 has 1,000. */
const COUNTERS_PER_PLACE = 10;
const LEAST_COUNTERS = 256;

// Measured as the growth of V8's heap.
const EMPTY_BYTES = 290;
const COUNTER_BYTES = 120;

interface Counter {
  readonly item: string;
  count: number;
  error: number;
  /** Index in the heap, when there is one. */
  place: number;
}

/** Whether `a` ranks behind `b`: its count is less or, the counts being equal, its item greater. */
function isBehind(a: Counter, b: Counter): boolean {
  return a.count < b.count || (a.count === b.count && a.item > b.item);
}

/**
 * The `k` most frequent values, by space-saving (Metwally, Agrawal and El Abbadi, 2005), merged as in "Mergeable
 * summaries" (Agarwal et al., 2012). Of N events and m = max(10 k, 256) counters, merged in whatever order: no count is
 * too low, none is too high by more than its error, no error is above N / m, and every value of more than N / m events
 * has a counter. While there are at most m distinct values all counts are exact.
 *
 * What happens next depends on items, counts and errors alone: a restored ranking goes on as the original would.
 */
class TopK implements Accumulator {
  readonly #k: number;
  readonly #capacity: number;
  readonly #counters = new Map<string, Counter>();
  /** The counters with the last of the ranking at the root. Empty until one has to be replaced. */
  #heap: Counter[] = [];
  /** UTF-16 units of all items. */
  #units = 0;

  constructor(k: number) {
    this.#k = k;
    this.#capacity = Math.max(k * COUNTERS_PER_PLACE, LEAST_COUNTERS);
  }

  get bytes(): number {
    return EMPTY_BYTES + this.#counters.size * COUNTER_BYTES + this.#units * 2;
  }

  add(x: Input): void {
    const item = typeof x === "string" ? x : String(x);
    const counter = this.#counters.get(item);
    if (counter !== undefined) {
      counter.count++;
      if (this.#heap.length > 0) this.#sink(counter);
    } else if (this.#counters.size < this.#capacity) {
      this.#insert(item, 1, 0);
    } else {
      this.#replaceLast(item);
    }
  }

  /** A value that a full ranking has no counter for may have had as many events as the last that has one. */
  merge(other: this): void {
    const missedHere = this.#leastCount();
    const missedThere = other.#leastCount();
    for (const counter of this.#counters.values()) {
      const theirs = other.#counters.get(counter.item);
      counter.count += theirs?.count ?? missedThere;
      counter.error += theirs?.error ?? missedThere;
    }
    for (const { item, count, error } of other.#counters.values()) {
      if (!this.#counters.has(item)) this.#insert(item, count + missedHere, error + missedHere);
    }
    this.#heap = [];
    if (this.#counters.size <= this.#capacity) return;
    for (const counter of this.#ranking().slice(this.#capacity)) this.#remove(counter);
  }

  result(): readonly TopItem[] {
    return this.#ranking()
      .slice(0, this.#k)
      .map(({ item, count, error }) => ({ item, count, error }));
  }

  /** Item, count and error in turn, in the order of the ranking. */
  encode(): Encoded {
    return this.#ranking().flatMap(({ item, count, error }) => [item, count, error]);
  }

  static decode(k: number, encoded: readonly Encoded[]): TopK {
    const top = new TopK(k);
    for (let at = 0; at < encoded.length; at += 3) {
      top.#insert(String(encoded[at]), Number(encoded[at + 1]), Number(encoded[at + 2]));
    }
    return top;
  }

  #insert(item: string, count: number, error: number): Counter {
    const counter = { item, count, error, place: 0 };
    this.#counters.set(item, counter);
    this.#units += item.length;
    return counter;
  }

  #remove({ item }: Counter): void {
    this.#counters.delete(item);
    this.#units -= item.length;
  }

  #replaceLast(item: string): void {
    if (this.#heap.length === 0) this.#makeHeap();
    const [last] = this.#heap;
    if (last === undefined) return;
    this.#remove(last);
    this.#sink(this.#insert(item, last.count + 1, last.count));
  }

  /** 0 while there is room. */
  #leastCount(): number {
    if (this.#counters.size < this.#capacity) return 0;
    let least = Infinity;
    for (const { count } of this.#counters.values()) least = Math.min(least, count);
    return least;
  }

  #ranking(): Counter[] {
    return [...this.#counters.values()].sort((a, b) => (isBehind(a, b) ? 1 : -1));
  }

  /** The ranking from behind is a heap. */
  #makeHeap(): void {
    this.#heap = this.#ranking().reverse();
    for (const [place, counter] of this.#heap.entries()) counter.place = place;
  }

  /** Moves a counter that has grown down the heap, to where none of those below it ranks behind it. */
  #sink(counter: Counter): void {
    const heap = this.#heap;
    let { place } = counter;
    for (;;) {
      const left = heap[2 * place + 1];
      const right = heap[2 * place + 2];
      if (left === undefined) break;
      const child = right !== undefined && isBehind(right, left) ? right : left;
      if (!isBehind(child, counter)) break;
      heap[place] = child;
      [place, child.place] = [child.place, place];
    }
    heap[place] = counter;
    counter.place = place;
  }
}

/** The `k` most frequent values of the field, `k` from 1 to 100. */
export function topk(k: number): Aggregate<TopK> {
  return {
    takes: "any",
    create: () => new TopK(k),
    decode: (encoded) => TopK.decode(k, encoded as Encoded[]),
  };
}
