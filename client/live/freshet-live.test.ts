import { describe, expect, it } from "vitest";
import { FreshetLive } from "./freshet-live.ts";

/** Nothing listens there. */
const NOWHERE = "http://127.0.0.1:9";

describe("FreshetLive", () => {
  it("[L1] a handler may use what is declared after it, and is told each state in order", async () => {
    const told: string[] = [];
    const live = new FreshetLive({
      url: NOWHERE,
      key: "demo-read",
      onState: ({ phase }) => told.push(`${phase} of ${live === undefined ? "nothing" : "it"}`),
    });
    expect(told).toEqual([]);
    live.close();
    await Promise.resolve();
    expect(told).toEqual(["connecting of it", "closed of it"]);
  });
});
