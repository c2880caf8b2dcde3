import { type Accumulator, type Aggregate, type Encoded, encodeNumber, SCALAR_BYTES } from "./aggregate.ts";

/** Least value of the field. */
class Min implements Accumulator {
  #extreme: number;

  constructor(extreme: number) {
    this.#extreme = extreme;
  }

  add(x: number): void {
    if (x < this.#extreme) this.#extreme = x;
  }

  merge(other: this): void {
    this.add(other.#extreme);
  }

  result(): number | null {
    return Number.isFinite(this.#extreme) ? this.#extreme : null;
  }

  encode(): Encoded {
    return encodeNumber(this.#extreme);
  }

  get bytes(): number {
    return SCALAR_BYTES;
  }
}

export const min: Aggregate<Min> = {
  takes: "number",
  create: () => new Min(Infinity),
  decode: (encoded) => new Min(Number(encoded)),
};
