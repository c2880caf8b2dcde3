import { describe, expect, it } from "vitest";
import { wholeRows } from "./whole-rows.ts";

describe("wholeRows", () => {
  it.each([
    [3, 0, 3],
    [3, 92, 3],
    [3, 91, 2],
    [10, 200, 5],
    [10, 212, 6],
    [10, 10, 1],
    [0, 100, 0],
  ])("[U1] of %s rows in %s px %s are whole, with a line for how many are not shown", (count, px, shown) => {
    expect(wholeRows(count, px)).toBe(shown);
  });
});
