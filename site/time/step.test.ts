import fc from "fast-check";
import { expect, it } from "vitest";
import { chooseStepMs } from "./step.ts";

const DAY_MS = 86_400_000;

it("[U4] a step is round, and suits the width", () => {
  expect(chooseStepMs(3_600_000, 500, 1_000)).toBe(10_000);
  expect(chooseStepMs(DAY_MS, 300, 1_000)).toBe(300_000);
  expect(chooseStepMs(60_000, 500, 10_000)).toBe(10_000);
  expect(chooseStepMs(DAY_MS, 100, 7_000)).toBe(868_000);
});

it("[U4] a step is a multiple of the window's, whatever the range, and points are no more than wanted", () => {
  const spans = fc.integer({ min: 1_000, max: 400 * DAY_MS });
  const steps = fc.constantFrom(100, 250, 1_000, 7_000, 10_000, 60_000, 90_000, 3_600_000, DAY_MS);
  fc.assert(
    fc.property(spans, fc.integer({ min: 1, max: 4_000 }), steps, (spanMs, most, windowMs) => {
      const stepMs = chooseStepMs(spanMs, most, windowMs);
      expect(stepMs % windowMs).toBe(0);
      expect(spanMs / stepMs).toBeLessThanOrEqual(Math.max(most, spanMs / windowMs));
      expect(spanMs / stepMs <= most || stepMs === windowMs).toBe(true);
    }),
  );
});
