import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AGGREGATE_NAMES } from "../../../protocol/metric.ts";
import type { Accumulator, Aggregate, Encoded } from "./aggregate.ts";
import { AGGREGATES } from "./registry.ts";

const WINDOW_MS = 2_000;
// Whole numbers add up exactly in any order; of fractions only the last bits may differ.
const values = fc.array(fc.integer({ min: -1_000_000, max: 1_000_000 }), { maxLength: 30 });

function taking(aggregate: Aggregate, xs: number[]): Accumulator {
  const accumulator = aggregate.create();
  for (const x of xs) accumulator.add(x);
  return accumulator;
}

function merged(aggregate: Aggregate, ...parts: Accumulator[]): Accumulator {
  const sum = aggregate.create();
  for (const part of parts) sum.merge(part);
  return sum;
}

/** What an accumulator is: its value and its state. */
function seen(accumulator: Accumulator): [number | null, Encoded] {
  return [accumulator.result(WINDOW_MS), accumulator.encode()];
}

describe.each(AGGREGATE_NAMES)("[M2] %s", (name) => {
  const aggregate = AGGREGATES[name];

  it("[M2] merges to what all events in one give, whatever the split and the order", () => {
    fc.assert(
      fc.property(values, values, values, (a, b, c) => {
        const whole = seen(taking(aggregate, [...a, ...b, ...c]));
        const [x, y, z] = [taking(aggregate, a), taking(aggregate, b), taking(aggregate, c)];
        expect(seen(merged(aggregate, x, y, z))).toEqual(whole);
        expect(seen(merged(aggregate, z, x, y))).toEqual(whole);
        expect(seen(merged(aggregate, x, merged(aggregate, y, z)))).toEqual(whole);
        expect(seen(y)).toEqual(seen(taking(aggregate, b)));
      }),
    );
  });

  it("[M2] is the same after its state has been through JSON", () => {
    fc.assert(
      fc.property(fc.array(fc.double({ noNaN: true })), (doubles) => {
        // JSON knows no negative zero; neither does anybody who looks at a chart.
        const xs = doubles.map((x) => x + 0);
        const accumulator = taking(aggregate, xs);
        const restored = aggregate.decode(JSON.parse(JSON.stringify(accumulator.encode())) as Encoded);
        expect(seen(restored)).toEqual(seen(accumulator));
      }),
    );
  });
});

describe("[M2] values", () => {
  it.each([
    ["count", [5, 5, 5], 3],
    ["rate", [5, 5, 5], 1.5],
    ["sum", [1, 2, -4], -1],
    ["min", [3, -2, 8], -2],
    ["max", [3, -2, 8], 8],
    ["avg", [1, 2, 6], 3],
    ["min", [], null],
    ["max", [], null],
    ["avg", [], null],
  ] as const)("[M2] %s of %j is %j", (name, xs, wanted) => {
    expect(taking(AGGREGATES[name], [...xs]).result(WINDOW_MS)).toBe(wanted);
  });
});
