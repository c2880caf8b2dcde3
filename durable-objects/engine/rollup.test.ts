import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { at, define, Feed, START_MS } from "../../test/helpers/window-feed.ts";
import { compileMetric } from "./compiled-metric.ts";
import { rollUp, rollupLevels } from "./rollup.ts";
import { readSealed, type SealedPoint } from "./sealed-point.ts";
import { resample } from "./window-points.ts";

const DAY_MS = 86_400_000;
const FINE_MS = 6 * 3_600_000;
const windowOf = (window: object) => define({ window }).metric.window;
const EVERYTHING_CLOSED = { finalEnd: Infinity, sealedEnd: Infinity };

/** Sealed points of values at some times. */
function sealed(definition: object, values: readonly [offsetMs: number, value: number][]): SealedPoint[] {
  const feed = new Feed(define({ groupBy: ["g"], lateness: "1h", ...definition }));
  for (const [offsetMs, value] of values) {
    feed.range(0, [at(offsetMs, { g: offsetMs % 2 ? "odd" : "even" }, { value })], START_MS + 600_000);
  }
  feed.idle(START_MS + 2 * DAY_MS);
  feed.restart();
  return feed.sealed;
}

describe("[S1] rolling points up", () => {
  it.each([
    [{ type: "tumbling", size: "1s" }, [1_000, 60_000, 900_000]],
    [{ type: "tumbling", size: "7s" }, [7_000, 63_000, 945_000]],
    [{ type: "tumbling", size: "5m" }, [300_000, 900_000]],
    [{ type: "tumbling", size: "1h" }, [3_600_000]],
    [{ type: "sliding", size: "1h", every: "10s" }, [10_000, 60_000, 900_000]],
  ])("[S1] %j has levels whose steps divide one another", (window, steps) => {
    const levels = rollupLevels(windowOf(window), { fineMs: FINE_MS, keepMs: 30 * DAY_MS });
    expect(levels.map(({ stepMs }) => stepMs)).toEqual(steps);
    expect(levels.at(-1)?.untilMs).toBe(30 * DAY_MS);
    for (const keepMs of [60_000, DAY_MS]) {
      const shorter = rollupLevels(windowOf(window), { fineMs: FINE_MS, keepMs });
      expect(shorter.map(({ stepMs }) => stepMs)).toEqual(steps);
      expect(Math.max(...shorter.map(({ untilMs }) => untilMs))).toBe(keepMs);
    }
  });

  const values = fc.array(fc.tuple(fc.nat(500_000), fc.nat(1_000)), { minLength: 1, maxLength: 80 });
  const definitions = fc.constantFrom(
    { aggregate: "p95(value)" },
    { aggregate: "avg(value)" },
    { aggregate: "uniques(value)" },
    { aggregate: "rate" },
    { aggregate: "max(value)", window: { type: "sliding", size: "30s", every: "5s" } },
  );

  it("[S1] asked for later they answer as the finer ones would have", () => {
    fc.assert(
      fc.property(definitions, values, (definition, moments) => {
        const points = sealed(definition, moments);
        const compiled = compileMetric(define({ groupBy: ["g"], ...definition }));
        const asked = (stepMs: number, from: readonly SealedPoint[], keptStepMs?: number) => {
          const read = from.map((point) => readSealed(compiled, point, keptStepMs));
          const answer = resample(compiled, read, stepMs, EVERYTHING_CLOSED);
          return Array.from(answer, ({ end, key, outcome }) => [end, key, outcome]);
        };
        const minutes = rollUp(compiled, points, 60_000);
        expect(asked(60_000, minutes, 60_000)).toEqual(asked(60_000, points));
        expect(asked(180_000, rollUp(compiled, minutes, 180_000), 180_000)).toEqual(asked(180_000, points));
        expect(asked(180_000, minutes, 60_000)).toEqual(asked(180_000, points));
      }),
    );
  });
});
