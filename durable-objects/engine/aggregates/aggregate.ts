/** What an accumulator becomes in a partial, a checkpoint or a stored point: any JSON value. */
export type Encoded = number | string | Encoded[];

/** What an event gives to an aggregate: a number, or for aggregates that take anything its text. */
export type Input = number | string;

/** How often something came: a value, or one of a bucket, which is named by its upper bound. */
export interface CountedItem {
  item: string;
  count: number;
  /** By how much `count` may be too high; absent: it is exact. It is never too low. */
  error?: number;
}

/** One of the most frequent values. */
export interface TopItem extends CountedItem {
  error: number;
}

/** What an aggregate comes to: one number, null where there is none, or items with their counts. */
export type Outcome = number | null | readonly CountedItem[];

/**
 * The state of one aggregate over the events of one pane and group. Merging is associative and commutative:
 * any split of the events, in any order, ends in the same state (float sums to rounding, rankings to their bound).
 */
export interface Accumulator {
  /** Takes one event. `x` is its aggregated field, `ts` its time in epoch ms. */
  add(x: Input, ts: number): void;
  /** Takes all that `other`, of the same aggregate, has taken. `other` stays as it was. */
  merge(other: this): void;
  /** The value over a window of `windowMs`. */
  result(windowMs: number): Outcome;
  /** The state for {@link Aggregate.decode}. */
  encode(): Encoded;
  /** About how many bytes of memory the state takes: of its content alone, however it came about. */
  readonly bytes: number;
}

/** One aggregate function, with its parameter where it has one. */
export interface Aggregate<A extends Accumulator = Accumulator> {
  /** What an event must have to count: nothing, a finite number, or any value. */
  readonly takes: "nothing" | "number" | "any";
  create(): A;
  /** Restores what {@link Accumulator.encode} gave. */
  decode(encoded: Encoded): A;
}

/** Bytes of an accumulator that holds a few numbers: measured in `footprint.test.ts`. */
export const SCALAR_BYTES = 40;

/** JSON has no infinities, which sums of huge values reach: they travel as text. */
export function encodeNumber(value: number): Encoded {
  return Number.isFinite(value) ? value : String(value);
}
