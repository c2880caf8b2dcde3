import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cpuMsOf } from "../test/helpers/cpu-time.ts";
import { excerpt, SAMPLE_LENGTH } from "./observe.ts";

describe("[U10] the beginning of what was refused", () => {
  it("[U10] is its JSON where that is short", () => {
    for (const value of [1, "a", null, true, [], {}, [1, [2]], { a: { b: "c" }, d: [null] }]) {
      expect(excerpt(value)).toBe(JSON.stringify(value));
    }
  });

  it("[U10] is cut, whatever it is, and stays well-formed", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), fc.integer({ min: 10, max: 300 }), (value, bound) => {
        const text = excerpt(value, bound);
        expect(text.length).toBeLessThanOrEqual(bound);
        expect(text.isWellFormed()).toBe(true);
        const whole = JSON.stringify(value);
        if (!text.endsWith("…")) expect(text).toBe(whole);
        else expect(whole.startsWith(text.slice(0, -2))).toBe(true);
      }),
    );
  });

  it("[U10] takes no longer for a long text, a wide object or a deep nesting", () => {
    let deep: unknown = 1;
    for (let i = 0; i < 100_000; i++) deep = [deep];
    const wide = Object.fromEntries(Array.from({ length: 100_000 }, (_, i) => [`k${i}`, i]));
    const long = "\u{1F600}".repeat(1_000_000);
    for (const value of [deep, wide, long, { [long]: 1 }]) {
      const takesMs = cpuMsOf(() => expect(excerpt(value).length).toBeLessThanOrEqual(SAMPLE_LENGTH));
      expect(takesMs).toBeLessThan(250);
    }
  });
});
