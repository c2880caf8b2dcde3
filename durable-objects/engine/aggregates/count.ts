import { type Accumulator, type Aggregate, type Encoded, SCALAR_BYTES } from "./aggregate.ts";

/** Number of events. */
export class Count implements Accumulator {
  protected events: number;

  constructor(events: number) {
    this.events = events;
  }

  add(): void {
    this.events++;
  }

  merge(other: this): void {
    this.events += other.events;
  }

  result(_windowMs: number): number {
    return this.events;
  }

  encode(): Encoded {
    return this.events;
  }

  get bytes(): number {
    return SCALAR_BYTES;
  }
}

export const count: Aggregate<Count> = {
  takes: "nothing",
  create: () => new Count(0),
  decode: (encoded) => new Count(Number(encoded)),
};
