import type { Accumulator, Aggregate, Encoded } from "./aggregate.ts";
import { BucketCounts } from "./bucket-counts.ts";

// DDSketch (Masson, Rim and Lee, PVLDB 12, 2019): the mapping, the constants and the ranks of @datadog/sketches-js,
// to the bucket. A bucket takes the magnitudes in (GAMMA^(key - 1), GAMMA^key].
const RELATIVE_ACCURACY = 0.01;
const GAMMA_LESS_ONE = (2 * RELATIVE_ACCURACY) / (1 - RELATIVE_ACCURACY);
const GAMMA = 1 + GAMMA_LESS_ONE;
const KEYS_PER_OCTAVE = (1 / Math.log1p(GAMMA_LESS_ONE)) * Math.LN2;
/** Magnitudes up to this count as zero. */
const GREATEST_ZERO = 2 ** -1023 * GAMMA;

// Measured as the growth of V8's heap.
const EMPTY_BYTES = 70;

/** Infinity has the key of the greatest double. No key is -0, which JSON would not keep. */
function keyOf(magnitude: number): number {
  return Math.ceil(Math.log2(Math.min(magnitude, Number.MAX_VALUE)) * KEYS_PER_OCTAVE) + 0;
}

/** The magnitude within 1 % of all that a bucket takes. Halved and doubled: GAMMA^key itself may overflow. */
function magnitudeOf(key: number): number {
  return Math.min(2 ** (key / KEYS_PER_OCTAVE - 1) * (4 / (1 + GAMMA)), Number.MAX_VALUE);
}

/**
 * A DDSketch: within 1 % of the value that has `floor(quantile · (n − 1))` of the `n` values before it in ascending
 * order. Values more than 17 decades nearer to zero than the greatest of their sign come out as 17 decades below it.
 */
class Percentile implements Accumulator {
  readonly #quantile: number;
  #zeros: number;
  readonly #positive: BucketCounts;
  /** Made when there is a negative value: there seldom is. */
  #negative: BucketCounts | undefined;

  constructor(quantile: number, zeros = 0, positive = new BucketCounts(), negative?: BucketCounts) {
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
    else if (x < -GREATEST_ZERO) (this.#negative ??= new BucketCounts()).add(keyOf(-x), 1);
    else this.#zeros++;
  }

  merge(other: this): void {
    this.#zeros += other.#zeros;
    this.#positive.merge(other.#positive);
    if (other.#negative !== undefined) (this.#negative ??= new BucketCounts()).merge(other.#negative);
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

  /** `[zeros, positive, negative?]`, see {@link BucketCounts.encode}. */
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
      return new Percentile(
        quantile,
        zeros,
        BucketCounts.decode(positive),
        negative && BucketCounts.decode(negative),
      );
    },
  };
}
