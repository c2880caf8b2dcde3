import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { exceedsBytes, LIMITS, utf8Length } from "./limits.ts";

const anyText = fc.string({ unit: fc.nat({ max: 0xffff }).map((unit) => String.fromCharCode(unit)) });

describe("[I5] bytes", () => {
  it("[I5] are those that an encoder would write, lone surrogates included", () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(utf8Length(text)).toBe(new TextEncoder().encode(text).length);
      }),
    );
  });

  it("[I5] a bound is exceeded by one byte more, not by one character more", () => {
    fc.assert(
      fc.property(anyText, fc.nat({ max: 40 }), (text, bound) => {
        expect(exceedsBytes(text, bound)).toBe(new TextEncoder().encode(text).length > bound);
      }),
    );
  });

  it.each([
    ["a".repeat(128), false],
    ["a".repeat(129), true],
    ["é".repeat(64), false],
    [`${"é".repeat(64)}a`, true],
    ["😀".repeat(32), false],
    [`${"😀".repeat(32)}a`, true],
  ])("[I5] %s against 128 bytes", (text, exceeds) => {
    expect(exceedsBytes(text, LIMITS.keyBytes)).toBe(exceeds);
  });
});

describe("[I5] the bounds that clients are told", () => {
  it("[I5] stand as the specification says", () => {
    expect(LIMITS).toMatchObject({
      bodyBytes: 5_242_880,
      decompressedBytes: 20_971_520,
      eventsPerRequest: 10_000,
      propsPerEvent: 64,
      keyBytes: 128,
      stringBytes: 1_024,
      listedRejections: 100,
      futureMs: 5_000,
      transitMs: 5_000,
    });
  });
});
