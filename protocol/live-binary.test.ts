import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeFrame, encodeFrame, type GroupNumbers, type NamedGroups } from "./live-binary.ts";
import type { DeltaMessage, SnapshotMessage } from "./live.ts";
import type { Group, PointState, Series } from "./series.ts";

const value = fc.oneof(
  fc.constant(null),
  fc.integer(),
  fc.double({ noNaN: true }),
  fc.integer({ min: -1e6, max: 1e6 }).map((thousandths) => thousandths / 1_000),
  fc.constantFrom(0, -0, 2 ** 49, -(2 ** 49), 2 ** 53, 5e-324, 1.7976931348623157e308),
);
const state = fc.constantFrom<PointState[]>(0, 1, 2, 3);
const points = fc.record({
  times: fc.uniqueArray(fc.integer({ min: 0, max: 2 ** 42 }), { maxLength: 12 }),
  values: fc.array(value, { minLength: 12, maxLength: 12 }),
  states: fc.array(state, { minLength: 12, maxLength: 12 }),
  errors: fc.option(fc.array(value, { minLength: 12, maxLength: 12 }), { nil: undefined }),
});

/** Series of different groups, each ascending in time and with a point at least. */
const allSeries = fc.uniqueArray(fc.tuple(fc.string(), points), { selector: ([name]) => name }).map((list) =>
  list.flatMap(([name, { times, values, states, errors }]): Series[] => {
    const t = times.toSorted((a, b) => a - b);
    if (t.length === 0) return [];
    const series: Series = { group: { name }, t, v: values.slice(0, t.length), s: states.slice(0, t.length) };
    return [errors === undefined ? series : { ...series, e: errors.slice(0, t.length) }];
  }),
);
const common = {
  id: fc.string(),
  cursor: fc.string(),
  series: allSeries,
  watermark: fc.option(fc.integer({ min: 0, max: 2 ** 42 }), { nil: null }),
};
const asking = fc.constantFrom<{ ack?: true }[]>({}, { ack: true });
const delta = fc
  .tuple(fc.record({ ...common, lag: fc.nat() }), fc.nat(), asking)
  .map(([frame, merged, ack]): DeltaMessage => {
    return { type: "delta", ...frame, ...(merged > 0 && { merged }), ...ack };
  });
const snapshot = fc
  .tuple(fc.record({ ...common, recovered: fc.boolean() }), asking)
  .map(([frame, ack]): SnapshotMessage => ({ type: "snapshot", ...frame, ...ack }));

const names = (): NamedGroups => ({ generation: -1, groups: new Map() });

/** Numbers that name every group of a frame. */
function numbersOf(series: readonly Series[], generation = 7): GroupNumbers {
  const named = series.map(({ group }, i): [number, Group] => [i, group]);
  const numbers = new Map(named.map(([number, group]) => [group, number]));
  return { generation, numberOf: (group) => numbers.get(group) ?? -1, named };
}

const sorted = <T extends { series: Series[] }>(frame: T) => ({
  ...frame,
  series: frame.series.toSorted((a, b) => (JSON.stringify(a.group) < JSON.stringify(b.group) ? -1 : 1)),
});

describe("[L2] compact frames", () => {
  it("[L2] say the same as the messages, whatever these hold", () => {
    fc.assert(
      fc.property(fc.oneof(delta, snapshot), (frame) => {
        const read = decodeFrame(encodeFrame(frame, numbersOf(frame.series)), names);
        expect(sorted(read)).toEqual(sorted(frame));
      }),
    );
  });

  it("[L2] name a group once in a generation of numbers", () => {
    const known = names();
    const series: Series[] = [{ group: { g: "a" }, t: [1], v: [2], s: [0] }];
    const frame: DeltaMessage = { type: "delta", id: "1", cursor: "c", series, watermark: null, lag: 0 };
    const named = numbersOf(series);
    decodeFrame(encodeFrame(frame, named), () => known);
    const unnamed = encodeFrame(frame, { ...named, named: [] });
    expect(decodeFrame(unnamed, () => known)).toEqual(frame);
    const another = encodeFrame(frame, { ...named, named: [], generation: 8 });
    expect(() => decodeFrame(another, () => known)).toThrow("the frame has a group 0 that was not named");
  });

  it("[L2] a frame that is cut off anywhere is refused, and so is noise, and neither takes long", () => {
    fc.assert(
      fc.property(snapshot, fc.nat(), (frame, at) => {
        const bytes = encodeFrame(frame, numbersOf(frame.series));
        const cut = bytes.subarray(0, at % bytes.length);
        expect(() => decodeFrame(cut, names)).toThrow(Error);
      }),
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (noise) => {
        try {
          decodeFrame(noise, names);
        } catch (error) {
          expect(error).toBeInstanceOf(Error);
        }
      }),
    );
  });

  it("[P4][L2] ten points of a tick take less than 15 % of a list of objects", () => {
    const series = Array.from({ length: 10 }, (_, i): Series => {
      return { group: { campaign: `campaign-${i}` }, t: [1_764_000_000_000], v: [1_234 + i], s: [0] };
    });
    const watermark = 1_763_999_997_000;
    const frame: DeltaMessage = {
      type: "delta",
      id: "s1",
      cursor: "mi3k9x2a.4f2",
      series,
      watermark,
      lag: 112,
    };
    const compact = encodeFrame(frame, { ...numbersOf(series), named: [] }).length;
    const naive = series.map(({ group, t, v }) => {
      return { metric: "ad_clicks", ...group, time: t[0], value: v[0], state: "provisional" };
    });
    expect(compact).toBeLessThan(0.15 * JSON.stringify(naive).length);
  });
});
