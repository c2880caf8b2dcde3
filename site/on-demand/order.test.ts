import { describe, expect, it } from "vitest";
import { stableOrder } from "./order.ts";
import type { Reading } from "../series/reading.ts";

const found = (values: Record<string, number>): Reading[] =>
  Object.entries(values).map(([key, value]) => ({ key, group: {}, value, t: 0, state: 1 }));

describe("stableOrder", () => {
  it("[U1] puts the largest first", () => {
    expect(stableOrder(found({ a: 1, b: 3, c: 2 }), [])).toEqual(["b", "c", "a"]);
  });

  it("[U1] does not swap neighbours of almost one size", () => {
    expect(stableOrder(found({ a: 100, b: 101 }), ["a", "b"])).toEqual(["a", "b"]);
    expect(stableOrder(found({ a: 100, b: 103 }), ["a", "b"])).toEqual(["b", "a"]);
  });

  it("[U1] places newcomers by size and forgets who left", () => {
    expect(stableOrder(found({ a: 10, n: 50 }), ["gone", "a"])).toEqual(["n", "a"]);
  });
});
