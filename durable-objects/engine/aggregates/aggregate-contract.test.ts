import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AGGREGATE_NAMES, parseAggregate } from "../../../protocol/aggregate-spec.ts";
import type { Accumulator, Aggregate, Encoded, Outcome } from "./aggregate.ts";
import { aggregateOf } from "./registry.ts";

const WINDOW_MS = 2_000;
// Whole numbers add up exactly in any order; of fractions only the last bits may differ.
const values = fc.array(fc.integer({ min: -1_000_000, max: 1_000_000 }), { maxLength: 30 });

/** One definition of each aggregate. */
const DEFINITIONS = [
  "count",
  "rate",
  "sum(value)",
  "min(value)",
  "max(value)",
  "avg(value)",
  "last(value)",
  "p95(value)",
  "uniques(value)",
  "topk(3, value)",
  "histogram(value)",
];

function aggregate(definition: string): Aggregate {
  const spec = parseAggregate(definition);
  if (!spec.ok) throw new Error(spec.message);
  return aggregateOf(spec.value);
}

/** Each value comes at a time of its own, which is told by the value. */
function taking(aggregate: Aggregate, xs: number[]): Accumulator {
  const accumulator = aggregate.create();
  for (const x of xs) accumulator.add(x, Math.abs(Math.trunc(x)) % 1_000);
  return accumulator;
}

function merged(aggregate: Aggregate, ...parts: Accumulator[]): Accumulator {
  const sum = aggregate.create();
  for (const part of parts) sum.merge(part);
  return sum;
}

/** What an accumulator is: its value and its state. */
function seen(accumulator: Accumulator): [Outcome, Encoded] {
  return [accumulator.result(WINDOW_MS), accumulator.encode()];
}

it("[M2] every aggregate is held to the contract", () => {
  const named = DEFINITIONS.map((definition) => parseAggregate(definition));
  expect(named.map((spec) => spec.ok && spec.value.fn)).toEqual(AGGREGATE_NAMES);
});

describe.each(DEFINITIONS)("[M2] %s", (definition) => {
  const tested = aggregate(definition);

  it("[M2] merges to what all events in one give, whatever the split and the order", () => {
    fc.assert(
      fc.property(values, values, values, (a, b, c) => {
        const whole = seen(taking(tested, [...a, ...b, ...c]));
        const [x, y, z] = [taking(tested, a), taking(tested, b), taking(tested, c)];
        expect(seen(merged(tested, x, y, z))).toEqual(whole);
        expect(seen(merged(tested, z, x, y))).toEqual(whole);
        expect(seen(merged(tested, x, merged(tested, y, z)))).toEqual(whole);
        expect(seen(y)).toEqual(seen(taking(tested, b)));
      }),
    );
  });

  it("[M2] is the same after its state has been through JSON", () => {
    fc.assert(
      fc.property(fc.array(fc.double({ noNaN: true, noDefaultInfinity: true })), (doubles) => {
        // JSON knows no negative zero; neither does anybody who looks at a chart.
        const xs = doubles.map((x) => x + 0);
        const accumulator = taking(tested, xs);
        const restored = tested.decode(JSON.parse(JSON.stringify(accumulator.encode())) as Encoded);
        expect(seen(restored)).toEqual(seen(accumulator));
      }),
    );
  });
});

describe("[M2] values", () => {
  it.each([
    ["count", [5, 5, 5], 3],
    ["rate", [5, 5, 5], 1.5],
    ["sum(value)", [1, 2, -4], -1],
    ["min(value)", [3, -2, 8], -2],
    ["max(value)", [3, -2, 8], 8],
    ["avg(value)", [1, 2, 6], 3],
    ["last(value)", [7, -9, 8], -9],
    ["last(value)", [4, -4], 4],
    ["uniques(value)", [5, 5, 6], 2],
    ["min(value)", [], null],
    ["max(value)", [], null],
    ["avg(value)", [], null],
    ["last(value)", [], null],
    ["p95(value)", [], null],
    ["uniques(value)", [], 0],
  ] as const)("[M2] %s of %j is %j", (definition, xs, wanted) => {
    expect(taking(aggregate(definition), [...xs]).result(WINDOW_MS)).toBe(wanted);
  });
});
