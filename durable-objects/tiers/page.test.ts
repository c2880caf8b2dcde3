import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { firstPage } from "./page.ts";

const step = { stepMs: 10, steps: 3 };

describe("[S2] a page of a question", () => {
  it("[S2] has its first steps, and says where the next one begins", () => {
    const asked = { fromMs: 101, toMs: 200, upToNow: false };
    expect(firstPage(asked, { ...step, firstEndMs: 0 })).toEqual({
      asked: { fromMs: 101, toMs: 130, upToNow: false },
      nextMs: 131,
    });
    expect(firstPage({ ...asked, fromMs: 171 }, { ...step, firstEndMs: 0 })).toEqual({
      asked: { ...asked, fromMs: 171 },
    });
    // The window that is open now is one more step.
    expect(firstPage({ ...asked, fromMs: 171, upToNow: true }, { ...step, firstEndMs: 0 }).nextMs).toBe(201);
  });

  it("[S2] is not filled by the time before the first window", () => {
    const asked = { fromMs: 0, toMs: 2_000, upToNow: false };
    expect(firstPage(asked, { ...step, firstEndMs: 1_005 })).toMatchObject({ asked: { toMs: 1_030 } });
    expect(firstPage(asked, { ...step, firstEndMs: Number.POSITIVE_INFINITY })).toEqual({ asked });
  });

  it("[S2] and those that follow have each step once, all of them", () => {
    const numbers = fc.record({
      fromMs: fc.nat(500),
      spanMs: fc.nat(500),
      upToNow: fc.boolean(),
      steps: fc.integer({ min: 1, max: 20 }),
      firstEndMs: fc.nat(600),
    });
    fc.assert(
      fc.property(numbers, ({ fromMs, spanMs, upToNow, steps, firstEndMs }) => {
        const toMs = fromMs + spanMs;
        const ends: number[] = [];
        for (let next: number | undefined = fromMs; next !== undefined;) {
          const page = firstPage({ fromMs: next, toMs, upToNow }, { stepMs: 10, steps, firstEndMs });
          const last = page.asked.upToNow ? page.asked.toMs + 10 : page.asked.toMs;
          const own: number[] = [];
          for (let end = Math.ceil(next / 10) * 10; end <= last; end += 10)
            if (end >= firstEndMs) own.push(end);
          expect(own.length).toBeLessThanOrEqual(steps);
          ends.push(...own);
          next = page.nextMs;
        }
        const all: number[] = [];
        const last = upToNow ? toMs + 10 : toMs;
        for (let end = Math.ceil(fromMs / 10) * 10; end <= last; end += 10)
          if (end >= firstEndMs) all.push(end);
        expect(ends).toEqual(all);
      }),
    );
  });
});
