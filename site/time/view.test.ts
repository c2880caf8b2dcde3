import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isFixed, movedRange, scaledRange, spanMs } from "./time-range.ts";
import { View } from "./view.ts";

const DAY_MS = 86_400_000;
const YEAR_MS = 365 * DAY_MS;
const NOW = Date.UTC(2026, 10, 25, 12);

const setUp = (ms = 1_000_000_000) => {
  const clock = { ms };
  return { clock, view: new View(() => clock.ms) };
};

describe("View", () => {
  it("[U2] holds the time while it is paused, and goes on with the server's", () => {
    const { clock, view } = setUp();
    view.togglePaused();
    clock.ms += 5_000;
    expect([view.nowMs(), view.isFollowing]).toEqual([1_000_000_000, false]);
    view.togglePaused();
    expect([view.nowMs(), view.isFollowing]).toEqual([1_000_005_000, true]);
  });

  it("[U2] a fixed range stops following, and the way back is to the range before", () => {
    const { view } = setUp();
    view.choose({ lastMs: 60_000 });
    view.choose({ fromMs: 950_000_000, toMs: 960_000_000 });
    expect(view.isFollowing).toBe(false);
    view.follow();
    expect(view.range.value).toEqual({ lastMs: 60_000 });
    expect(view.isFollowing).toBe(true);
  });

  it("[U2] pausing a fixed range means going back to now", () => {
    const { view } = setUp();
    view.choose({ fromMs: 950_000_000, toMs: 960_000_000 });
    view.togglePaused();
    expect([view.range.value, view.isFollowing]).toEqual([undefined, true]);
  });

  it("[U2] no range ends in the future, nor is longer than ten years", () => {
    const { view } = setUp(NOW);
    view.choose({ fromMs: NOW - 10_000, toMs: NOW + 20_000 });
    expect(view.range.value).toEqual({ fromMs: NOW - 10_000, toMs: NOW });
    view.pan({ fromMs: NOW - 20_000, toMs: NOW + 10_000 });
    expect(view.range.value).toEqual({ fromMs: NOW - 30_000, toMs: NOW });
    view.choose({ fromMs: NOW + 1_000_000, toMs: NOW + 1_500_000 });
    expect(view.range.value).toEqual({ fromMs: NOW - 1_000, toMs: NOW });
    view.choose({ fromMs: NOW - 12 * YEAR_MS, toMs: NOW });
    expect(view.range.value).toEqual({ fromMs: NOW - 10 * YEAR_MS, toMs: NOW });
    view.choose({ lastMs: 1_000 * YEAR_MS });
    expect(view.range.value).toEqual({ lastMs: 10 * YEAR_MS });
  });

  it("[U2] no range begins before the second day of 1970, however far back it is moved", () => {
    const { view } = setUp(NOW);
    view.pan({ fromMs: -9 * YEAR_MS, toMs: -8 * YEAR_MS });
    expect(view.range.value).toEqual({ fromMs: DAY_MS, toMs: DAY_MS + YEAR_MS });
    view.choose({ fromMs: -5_000, toMs: 2 * DAY_MS });
    expect(view.range.value).toEqual({ fromMs: DAY_MS, toMs: 2 * DAY_MS });
    view.choose({ fromMs: -10_000, toMs: -5_000 });
    expect(view.range.value).toEqual({ fromMs: DAY_MS, toMs: DAY_MS + 1_000 });
  });

  it("[U2] however often somebody zooms out, pans and zooms in, a range can be asked for", () => {
    const step = fc.constantFrom("out", "out", "out", "in", "back", "back", "on");
    fc.assert(
      fc.property(fc.array(step, { minLength: 80, maxLength: 120, size: "max" }), (steps) => {
        const { view } = setUp(NOW);
        let range = { fromMs: NOW - 60_000, toMs: NOW };
        for (const one of steps) {
          if (one === "out") view.choose(scaledRange(range, 2, (range.fromMs + range.toMs) / 2));
          else if (one === "in") view.choose(scaledRange(range, 0.5, (range.fromMs + range.toMs) / 2));
          else view.pan(movedRange(range, one === "on" ? 0.5 : -0.5));
          if (!isFixed(view.range.value)) throw new Error("not fixed");
          range = view.range.value;
          expect(range.fromMs).toBeGreaterThanOrEqual(DAY_MS);
          expect(range.toMs).toBeLessThanOrEqual(NOW);
          expect(spanMs(range)).toBeGreaterThanOrEqual(1_000);
          expect(spanMs(range)).toBeLessThanOrEqual(10 * YEAR_MS);
        }
      }),
    );
  });
});
