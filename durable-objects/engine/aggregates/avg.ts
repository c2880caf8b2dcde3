import { type Accumulator, type Aggregate, type Encoded, encodeNumber, SCALAR_BYTES } from "./aggregate.ts";

/** Mean of the field, kept as sum and count so that it merges. */
class Avg implements Accumulator {
  #total: number;
  #values: number;

  constructor(total: number, values: number) {
    this.#total = total;
    this.#values = values;
  }

  add(x: number): void {
    this.#total += x;
    this.#values++;
  }

  merge(other: this): void {
    this.#total += other.#total;
    this.#values += other.#values;
  }

  result(): number | null {
    return this.#values === 0 ? null : this.#total / this.#values;
  }

  encode(): Encoded {
    return [encodeNumber(this.#total), this.#values];
  }

  get bytes(): number {
    return SCALAR_BYTES;
  }
}

export const avg: Aggregate<Avg> = {
  takes: "number",
  create: () => new Avg(0, 0),
  decode: (encoded) =>
    Array.isArray(encoded) ? new Avg(Number(encoded[0]), Number(encoded[1])) : new Avg(0, 0),
};
