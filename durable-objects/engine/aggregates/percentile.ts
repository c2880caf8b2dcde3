import type { Accumulator, Aggregate, Encoded } from "./aggregate.ts";

// DDSketch (Masson, Rim and Lee, PVLDB 12, 2019): the mapping, the constants and the ranks of @datadog/sketches-js,
// to the bucket. A bucket takes the magnitudes in (GAMMA^(key - 1), GAMMA^key].
const RELATIVE_ACCURACY = 0.01;
const GAMMA_LESS_ONE = (2 * RELATIVE_ACCURACY) / (1 - RELATIVE_ACCURACY);
const GAMMA = 1 + GAMMA_LESS_ONE;
const KEYS_PER_OCTAVE = (1 / Math.log1p(GAMMA_LESS_ONE)) * Math.LN2;
/** Magnitudes up to this count as zero. */
const GREATEST_ZERO = 2 ** -1023 * GAMMA;
/** Greater than any double's key, and than its negative. */
const BEYOND_KEYS = 40_000;

/** Buckets of one sign: 17 decades. The lowest of them takes what lies further below the highest. */
const MAX_BUCKETS = 2_048;
/** Up to as many buckets are kept as pairs: most panes of most groups hold a few values only. */
const MAX_PAIRS = 32;
/** Dense counts begin and end at multiples of this: how many there are follows from the content. */
const CHUNK = 64;
const NO_COUNTS = new Float64Array(0);

// Measured as the growth of V8's heap.
const EMPTY_BYTES = 70;
const BUCKETS_BYTES = 220;
const PAIR_BYTES = 20;
const DENSE_BYTES = 150;

/** Infinity has the key of the greatest double. No key is -0, which JSON would not keep. */
function keyOf(magnitude: number): number {
  return Math.ceil(Math.log2(Math.min(magnitude, Number.MAX_VALUE)) * KEYS_PER_OCTAVE) + 0;
}

/** The first key of the chunk that `key` is in. */
function chunkOf(key: number): number {
  return Math.floor(key / CHUNK) * CHUNK;
}

/** The magnitude within 1 % of all that a bucket takes. Halved and doubled: GAMMA^key itself may overflow. */
function magnitudeOf(key: number): number {
  return Math.min(2 ** (key / KEYS_PER_OCTAVE - 1) * (4 / (1 + GAMMA)), Number.MAX_VALUE);
}

/**
 * Counts of the magnitudes of one sign, by key: pairs while they are few, then a number for each key from the lowest
 * to the highest. The form, and what is collapsed, follow from the content: no order of events changes them.
 */
class Buckets {
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

  merge(other: Buckets): void {
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

  static decode([lowest, ...run]: readonly number[]): Buckets {
    const buckets = new Buckets();
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

/**
 * A DDSketch: within 1 % of the value that has `floor(quantile · (n − 1))` of the `n` values before it in ascending
 * order. Values more than 17 decades nearer to zero than the greatest of their sign come out as 17 decades below it.
 */
class Percentile implements Accumulator {
  readonly #quantile: number;
  #zeros: number;
  readonly #positive: Buckets;
  /** Made when there is a negative value: there seldom is. */
  #negative: Buckets | undefined;

  constructor(quantile: number, zeros = 0, positive = new Buckets(), negative?: Buckets) {
    this.#quantile = quantile;
    this.#zeros = zeros;
    this.#positive = positive;
    this.#negative = negative;
  }

  get bytes(): number {
    return EMPTY_BYTES + this.#positive.bytes + (this.#negative?.bytes ?? 0);
  }

  add(x: number): void {
    if (x > GREATEST_ZERO) this.#positive.add(keyOf(x), 1);
    else if (x < -GREATEST_ZERO) (this.#negative ??= new Buckets()).add(keyOf(-x), 1);
    else this.#zeros++;
  }

  merge(other: this): void {
    this.#zeros += other.#zeros;
    this.#positive.merge(other.#positive);
    if (other.#negative !== undefined) (this.#negative ??= new Buckets()).merge(other.#negative);
  }

  result(): number | null {
    const negatives = this.#negative?.total ?? 0;
    const values = negatives + this.#zeros + this.#positive.total;
    if (values === 0) return null;
    const rank = Math.floor(this.#quantile * (values - 1));
    if (this.#negative !== undefined && rank < negatives) {
      return -magnitudeOf(this.#negative.keyAt(negatives - 1 - rank));
    }
    const above = rank - negatives - this.#zeros;
    return above < 0 ? 0 : magnitudeOf(this.#positive.keyAt(above));
  }

  /** `[zeros, positive, negative?]`, see {@link Buckets.encode}. */
  encode(): Encoded {
    const state: Encoded[] = [this.#zeros, this.#positive.encode()];
    if (this.#negative !== undefined) state.push(this.#negative.encode());
    return state;
  }
}

/** The `p`-th percentile of the field, `p` from 0 to 100. */
export function percentile(p: number): Aggregate<Percentile> {
  const quantile = p / 100;
  return {
    takes: "number",
    create: () => new Percentile(quantile),
    decode: (encoded) => {
      const [zeros, positive, negative] = encoded as [number, number[], number[]?];
      return new Percentile(quantile, zeros, Buckets.decode(positive), negative && Buckets.decode(negative));
    },
  };
}
