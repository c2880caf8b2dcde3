import { type Accumulator, type Aggregate, type Encoded, SCALAR_BYTES } from "./aggregate.ts";

/** Value of the latest event; of several at the same time the greatest, so that the order of arrival does not matter. */
class Last implements Accumulator {
  #ts: number;
  #value: number;

  constructor(ts: number, value: number) {
    this.#ts = ts;
    this.#value = value;
  }

  add(x: number, ts: number): void {
    if (ts < this.#ts || (ts === this.#ts && x <= this.#value)) return;
    this.#ts = ts;
    this.#value = x;
  }

  merge(other: this): void {
    this.add(other.#value, other.#ts);
  }

  result(): number | null {
    return this.#ts < 0 ? null : this.#value;
  }

  encode(): Encoded {
    return [this.#ts, this.#value];
  }

  get bytes(): number {
    return SCALAR_BYTES;
  }
}

export const last: Aggregate<Last> = {
  takes: "number",
  create: () => new Last(-1, 0),
  decode: (encoded) =>
    Array.isArray(encoded) ? new Last(Number(encoded[0]), Number(encoded[1])) : new Last(-1, 0),
};
