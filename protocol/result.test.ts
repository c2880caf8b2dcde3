import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hostileValues } from "../test/helpers/hostile-json.ts";
import { describe as inWords, fail, isObject, ok } from "./result.ts";

describe("[I5] what an error says of a value", () => {
  it.each([
    [undefined, "nothing"],
    [null, "null"],
    [[], "an array"],
    [{}, "an object"],
    ["a", '"a"'],
    ['"', '"\\""'],
    [true, "true"],
    [-1.5, "-1.5"],
    [Infinity, "Infinity"],
    [Number.NaN, "NaN"],
  ])("[I5] %j is %s", (value, words) => {
    expect(inWords(value)).toBe(words);
  });

  it("[I5] is bounded, whatever the value", () => {
    for (const [what, value] of hostileValues()) expect(inWords(value).length, what).toBeLessThanOrEqual(80);
  });

  it("[I5] is well-formed Unicode, wherever it is cut", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 120 }), (text) => {
        expect(inWords(text).isWellFormed()).toBe(true);
      }),
    );
  });
});

describe("[I5] outcomes", () => {
  it("[I5] carry the value, or a reason and a sentence", () => {
    expect(ok(1)).toEqual({ ok: true, value: 1 });
    expect(fail("ts", "why")).toEqual({ ok: false, reason: "ts", message: "why" });
  });

  it("[I5] an object is neither null nor an array", () => {
    expect([{}, null, [], "x", undefined].map(isObject)).toEqual([true, false, false, false, false]);
  });
});
