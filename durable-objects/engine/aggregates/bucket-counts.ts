/** Greater than any double's key, and than its negative. */
const BEYOND_KEYS = 40_000;

/** Of a percentile's sketch 17 decades. The lowest of them takes what lies further below the highest. */
const MAX_BUCKETS = 2_048;
/** Up to as many buckets are kept as pairs: most panes of most groups hold a few values only. */
const MAX_PAIRS = 32;
/** Dense counts begin and end at multiples of this: how many there are follows from the content. */
const CHUNK = 64;
const NO_COUNTS = new Float64Array(0);

// Measured as the growth of V8's heap.
const BUCKETS_BYTES = 220;
const PAIR_BYTES = 20;
const DENSE_BYTES = 150;

/** The first key of the chunk that `key` is in. */
function chunkOf(key: number): number {
  return Math.floor(key / CHUNK) * CHUNK;
}

/**
 * Counts by key, of one sign's magnitudes say: pairs while they are few, then a number for each key from the lowest
 * to the highest. The form, and what is collapsed, follow from the content: no order of events changes them.
 */
export class BucketCounts {
  total = 0;
  #lowest = BEYOND_KEYS;
  #highest = -BEYOND_KEYS;
  /** Key and count in turn, ascending. Undefined when dense. */
  #pairs: number[] | undefined = [];
  /** Counts of the keys from `#first` on, when dense. */
  #counts = NO_COUNTS;
  #first = 0;
  /** How many of the counts are not zero. */
  #used = 0;

  get bytes(): number {
    if (this.#pairs !== undefined) return BUCKETS_BYTES + (this.#pairs.length / 2) * PAIR_BYTES;
    return BUCKETS_BYTES + DENSE_BYTES + this.#counts.byteLength;
  }

  add(key: number, weight: number): void {
    let kept = key;
    if (key < this.#lowest || key > this.#highest) {
      this.#reach(key, key);
      kept = Math.max(key, this.#lowest);
    }
    this.total += weight;
    if (this.#pairs === undefined) {
      const at = kept - this.#first;
      const before = this.#counts[at] ?? 0;
      if (before === 0) this.#used++;
      this.#counts[at] = before + weight;
    } else {
      this.#addPair(this.#pairs, kept, weight);
    }
  }

  merge(other: BucketCounts): void {
    this.#reach(other.#lowest, other.#highest);
    other.each((key, count) => this.add(key, count));
  }

  /** Visits the buckets that have counts, by ascending key. */
  each(visit: (key: number, count: number) => void): void {
    const pairs = this.#pairs;
    if (pairs === undefined) {
      this.#counts.forEach((count, at) => {
        if (count > 0) visit(this.#first + at, count);
      });
    } else {
      for (let at = 0; at < pairs.length; at += 2) visit(pairs[at] ?? 0, pairs[at + 1] ?? 0);
    }
  }

  /** The key of the magnitude that has `rank` others before it. */
  keyAt(rank: number): number {
    let found = 0;
    let before = 0;
    this.each((key, count) => {
      if (before <= rank) found = key;
      before += count;
    });
    return found;
  }

  /** The lowest key, then the counts from there on, where `-n` stands for `n` keys without any. */
  encode(): number[] {
    const run: number[] = [];
    let next = Number.NaN;
    this.each((key, count) => {
      if (run.length === 0) run.push(key);
      if (key > next) run.push(next - key);
      run.push(count);
      next = key + 1;
    });
    return run;
  }

  static decode([lowest, ...run]: readonly number[]): BucketCounts {
    const buckets = new BucketCounts();
    if (lowest === undefined) return buckets;
    const pairs: number[] = [];
    let key = lowest;
    for (const step of run) {
      if (step > 0) {
        buckets.total += step;
        pairs.push(key++, step);
      } else {
        key -= step;
      }
    }
    buckets.#reach(lowest, key - 1);
    buckets.#keep(pairs);
    return buckets;
  }

  /** Makes room for keys from `low` to `high`, and collapses what is then too low. */
  #reach(low: number, high: number): void {
    const highest = Math.max(high, this.#highest);
    const lowest = Math.max(Math.min(low, this.#lowest), highest - MAX_BUCKETS + 1);
    const before = this.#lowest;
    this.#lowest = lowest;
    this.#highest = highest;
    if (this.#pairs === undefined && this.#isRoomFor(lowest, highest)) this.#collapse(before, lowest);
    else if (this.#pairs === undefined || lowest > before) this.#keep(this.#pairsFrom(lowest));
  }

  #isRoomFor(lowest: number, highest: number): boolean {
    return chunkOf(lowest) === this.#first && highest < this.#first + this.#counts.length;
  }

  /** Counts what was below `lowest` as `lowest`. In place: growing values do this time and again. */
  #collapse(before: number, lowest: number): void {
    let collapsed = 0;
    for (let at = before - this.#first; at < lowest - this.#first; at++) {
      const count = this.#counts[at] ?? 0;
      if (count === 0) continue;
      this.#counts[at] = 0;
      this.#used--;
      collapsed += count;
    }
    if (collapsed === 0) return;
    this.total -= collapsed;
    this.add(lowest, collapsed);
    if (this.#used <= MAX_PAIRS) this.#keep(this.#pairsFrom(lowest));
  }

  /** All counts as pairs; those of keys below `lowest` become its own. */
  #pairsFrom(lowest: number): number[] {
    const pairs: number[] = [];
    let collapsed = 0;
    this.each((key, count) => {
      if (key <= lowest) collapsed += count;
      else pairs.push(key, count);
    });
    return collapsed > 0 ? [lowest, collapsed, ...pairs] : pairs;
  }

  /** Replaces all counts, in the form that suits their number. */
  #keep(pairs: number[]): void {
    if (pairs.length <= 2 * MAX_PAIRS) {
      this.#pairs = pairs;
      this.#counts = NO_COUNTS;
      return;
    }
    this.#pairs = undefined;
    this.#first = chunkOf(this.#lowest);
    this.#counts = new Float64Array(chunkOf(this.#highest) + CHUNK - this.#first);
    this.#used = pairs.length / 2;
    for (let at = 0; at < pairs.length; at += 2) {
      this.#counts[(pairs[at] ?? 0) - this.#first] = pairs[at + 1] ?? 0;
    }
  }

  #addPair(pairs: number[], key: number, weight: number): void {
    let at = 0;
    while ((pairs[at] ?? BEYOND_KEYS) < key) at += 2;
    if (pairs[at] === key) {
      pairs[at + 1] = (pairs[at + 1] ?? 0) + weight;
    } else {
      pairs.splice(at, 0, key, weight);
      if (pairs.length > 2 * MAX_PAIRS) this.#keep(pairs);
    }
  }
}
