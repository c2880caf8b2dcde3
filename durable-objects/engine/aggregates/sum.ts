import { type Accumulator, type Aggregate, type Encoded, encodeNumber, SCALAR_BYTES } from "./aggregate.ts";

/** Sum of the field, in double precision: the order of merging may change its last bits. */
class Sum implements Accumulator {
  #total: number;

  constructor(total: number) {
    this.#total = total;
  }

  add(x: number): void {
    this.#total += x;
  }

  merge(other: this): void {
    this.#total += other.#total;
  }

  result(): number {
    return this.#total;
  }

  encode(): Encoded {
    return encodeNumber(this.#total);
  }

  get bytes(): number {
    return SCALAR_BYTES;
  }
}

export const sum: Aggregate<Sum> = {
  takes: "number",
  create: () => new Sum(0),
  decode: (encoded) => new Sum(Number(encoded)),
};
