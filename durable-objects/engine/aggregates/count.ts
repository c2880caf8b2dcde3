import type { Accumulator, Aggregate, Encoded } from "./aggregate.ts";

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
}

export const count: Aggregate<Count> = {
  needsNumber: false,
  create: () => new Count(0),
  decode: (encoded) => new Count(Number(encoded)),
};
