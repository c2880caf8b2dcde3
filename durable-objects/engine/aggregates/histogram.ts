import { bucketLabel, bucketOf } from "../../../protocol/histogram-buckets.ts";
import type { Accumulator, Aggregate, CountedItem, Encoded } from "./aggregate.ts";
import { BucketCounts } from "./bucket-counts.ts";

// Measured as the growth of V8's heap.
const EMPTY_BYTES = 30;

/**
 * How many values fell into each bucket. The buckets are a percentile's sketch made coarser, with round bounds in the
 * place of powers of its gamma: a value is compared with the bounds themselves, so that no count is off by the sketch's
 * 1 %. There are fewer of them than a sketch may keep: none is ever collapsed.
 */
class Histogram implements Accumulator {
  readonly #counts: BucketCounts;

  constructor(counts = new BucketCounts()) {
    this.#counts = counts;
  }

  get bytes(): number {
    return EMPTY_BYTES + this.#counts.bytes;
  }

  add(x: number): void {
    this.#counts.add(bucketOf(x), 1);
  }

  merge(other: this): void {
    this.#counts.merge(other.#counts);
  }

  /** The buckets that have values, ascending. */
  result(): readonly CountedItem[] {
    const found: CountedItem[] = [];
    this.#counts.each((bucket, count) => found.push({ item: bucketLabel(bucket), count }));
    return found;
  }

  /** See {@link BucketCounts.encode}. */
  encode(): Encoded {
    return this.#counts.encode();
  }
}

/** The distribution of the field, as counts of fixed buckets. */
export const histogram: Aggregate<Histogram> = {
  takes: "number",
  create: () => new Histogram(),
  decode: (encoded) => new Histogram(BucketCounts.decode(encoded as number[])),
};
