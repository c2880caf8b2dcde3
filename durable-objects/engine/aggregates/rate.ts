import type { Aggregate } from "./aggregate.ts";
import { Count } from "./count.ts";

/** Events per second of the window. */
class Rate extends Count {
  override result(windowMs: number): number {
    return this.events / (windowMs / 1_000);
  }
}

export const rate: Aggregate<Rate> = {
  takes: "nothing",
  create: () => new Rate(0),
  decode: (encoded) => new Rate(Number(encoded)),
};
