import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { refill, type TokenBucket } from "./token-bucket.ts";

const LIMIT = { requests: 10, perMs: 1_000 };

describe("[I7] a key's bucket", () => {
  it("[I7] is full when new", () => {
    expect(refill(undefined, LIMIT, 5)).toEqual({ tokens: 10, atMs: 5 });
  });

  it("[I7] fills evenly, and never over its brim", () => {
    const empty = { tokens: 0, atMs: 0 };
    expect([0, 50, 100, 999, 1_000, 1e12].map((nowMs) => refill(empty, LIMIT, nowMs).tokens)).toEqual([
      0, 0.5, 1, 9.99, 10, 10,
    ]);
  });

  it("[I7] a clock set back takes nothing away, and it fills on from there", () => {
    const back = refill({ tokens: 3, atMs: 1_000 }, LIMIT, 400);
    expect(back.tokens).toBe(3);
    expect(refill(back, LIMIT, 500).tokens).toBe(4);
  });

  it("[I7] a bound made smaller holds at once", () => {
    expect(refill({ tokens: 10, atMs: 0 }, { requests: 2, perMs: 1_000 }, 0).tokens).toBe(2);
  });

  it("[I7] lets no more through than a full bucket and what flowed in since", () => {
    const limit = fc.record({
      requests: fc.integer({ min: 1, max: 1_000 }),
      perMs: fc.integer({ min: 1, max: 100_000 }),
    });
    fc.assert(
      fc.property(limit, fc.array(fc.nat({ max: 500 }), { maxLength: 300 }), (bound, gaps) => {
        let bucket: TokenBucket | undefined;
        let passed = 0;
        let nowMs = 0;
        for (const gap of gaps) {
          nowMs += gap;
          bucket = refill(bucket, bound, nowMs);
          if (bucket.tokens < 1) continue;
          bucket.tokens -= 1;
          passed++;
        }
        expect(passed).toBeLessThanOrEqual(bound.requests + (nowMs * bound.requests) / bound.perMs + 1e-6);
      }),
    );
  });
});
