/** What an accumulator becomes in a partial, a checkpoint or a stored point: any JSON value. */
export type Encoded = number | string | Encoded[];

/**
 * The state of one aggregate over the events of one pane and group. Merging is associative and commutative:
 * any split of the events, in any order, ends in the same state (float sums to rounding).
 */
export interface Accumulator {
  /** Takes one event. `x` is its aggregated field; aggregates without a field ignore it. */
  add(x: number): void;
  /** Takes all that `other`, of the same aggregate, has taken. `other` stays as it was. */
  merge(other: this): void;
  /** The value over a window of `windowMs`, or null where there is none. */
  result(windowMs: number): number | null;
  /** The state for {@link Aggregate.decode}. */
  encode(): Encoded;
}

/** One aggregate function. */
export interface Aggregate<A extends Accumulator = Accumulator> {
  /** Whether an event counts only when its field holds a number. */
  readonly needsNumber: boolean;
  create(): A;
  /** Restores what {@link Accumulator.encode} gave. */
  decode(encoded: Encoded): A;
}

/** JSON has no infinities, which sums of huge values reach: they travel as text. */
export function encodeNumber(value: number): Encoded {
  return Number.isFinite(value) ? value : String(value);
}
