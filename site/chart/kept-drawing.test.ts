import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { PointState, Series } from "../../protocol/series.ts";
import type { Projection } from "./chart-paths.ts";
import { LineTrace, type PlacedPath } from "./line-trace.ts";
import { pictureOf, settledIndex, valueRange, type Picture } from "./picture.ts";
import type { RowRange } from "./row-range.ts";
import { SeriesBuffer } from "../series/series.ts";
import type { Traits } from "../series/traits.ts";

type Vertex = [left: number, top: number];

/** The pieces of a line. */
class RecordedPath {
  readonly pieces: Vertex[][] = [];
  moveTo(left: number, top: number): void {
    this.pieces.push([[left, top]]);
  }
  lineTo(left: number, top: number): void {
    this.pieces.at(-1)?.push([left, top]);
  }
}

/** What is seen of a path from `least` on, to the right. */
function seen({ path, shift }: PlacedPath, least: number): Vertex[][] {
  const { pieces } = path as unknown as RecordedPath;
  const moved = pieces.map((piece) => piece.map(([left, top]): Vertex => [left + shift, top]));
  return moved.map((piece) => piece.filter(([left]) => left >= least)).filter((piece) => piece.length > 0);
}

beforeAll(() => void vi.stubGlobal("Path2D", RecordedPath));
afterAll(() => void vi.unstubAllGlobals());

const HOSTS = ["a", "b", "c"];
const PROJECTION: Projection = { scaleX: 0.05, shiftX: 0, scaleY: -2, shiftY: 100 };
const GAUGE: Traits = {
  additive: false,
  combine: "mean",
  stepMs: 10,
  sizeMs: 10,
  delayMs: 0,
  tumbling: true,
};

/** Points of one group, so many steps before the newest time, and what happens besides. */
const change = fc.record({
  kind: fc.constantFrom("merge", "merge", "merge", "merge", "merge", "trim", "replace"),
  host: fc.constantFrom(...HOSTS),
  ahead: fc.integer({ min: 0, max: 6 }),
  back: fc.oneof({ weight: 6, arbitrary: fc.integer({ min: 0, max: 3 }) }, fc.integer({ min: 0, max: 60 })),
  values: fc.array(fc.oneof({ weight: 9, arbitrary: fc.integer({ min: -40, max: 40 }) }, fc.constant(null)), {
    minLength: 1,
    maxLength: 4,
  }),
  state: fc.constantFrom<PointState>(0, 1, 1, 2, 3),
  shown: fc.integer({ min: 1, max: 70 }),
});

type Change = typeof change extends fc.Arbitrary<infer T> ? T : never;

const APPENDED: Change = {
  kind: "merge",
  host: "a",
  ahead: 0,
  back: 0,
  values: [],
  state: 1,
  shown: 1,
};

/** A break that all rows had, and at which the last look ended, is none any more by the rhythm of another row. */
const BREAK_GONE: Change[] = [
  { ...APPENDED, kind: "replace", values: [0], state: 0 },
  { ...APPENDED, ahead: 3, back: 3, values: [0], state: 0 },
  { ...APPENDED, host: "c", ahead: 5, back: 2, values: [0] },
  { ...APPENDED, host: "c", back: 21, values: [0], state: 0 },
  { ...APPENDED, values: [-1], state: 0 },
];

/** A buffer to which things happen, and its times are multiples of ten. */
class Stream {
  readonly buffer = new SeriesBuffer();
  #nowMs = 600;

  constructor() {
    const t = Array.from({ length: 50 }, (_, i) => 100 + i * 10);
    const past = HOSTS.map((host, at): Series => {
      const v = t.map((ms) => (ms * (at + 3)) % 37);
      return { group: { host }, t, v, s: t.map(() => 1) };
    });
    this.buffer.replace(past);
  }

  happen({ kind, host, ahead, back, values, state }: Change): void {
    this.#nowMs += ahead * 10;
    const t = values.map((_, i) => this.#nowMs - (back + values.length - 1 - i) * 10);
    const s = values.map((_, i): PointState => (i === values.length - 1 && back === 0 ? 0 : state));
    const series: Series[] = [{ group: { host }, t, v: values, s }];
    if (kind === "replace") this.buffer.replace(series);
    else if (kind === "merge") this.buffer.merge(series);
    else this.buffer.trim(this.#nowMs - back * 10 - 200);
  }

  get picture(): Picture {
    return pictureOf(this.buffer, [...this.buffer.columns.values()], GAUGE);
  }
}

describe("what is kept from drawing to drawing", () => {
  it("[U1][P8] draws the line that would be drawn anew, whatever comes", () => {
    let known = 0;
    fc.assert(
      fc.property(fc.array(change, { maxLength: 60 }), (changes) => {
        const stream = new Stream();
        const traces = new Map<string, LineTrace>();
        const epochs = new Map<string, string | undefined>();
        for (const each of changes) {
          stream.happen(each);
          const { x, rows } = stream.picture;
          for (const row of rows) {
            const to = settledIndex(row);
            const from = Math.max(0, to + 1 - each.shown);
            if (to < from) continue;
            if (epochs.get(row.key) === row.epoch) known++;
            epochs.set(row.key, row.epoch);
            const trace = traces.get(row.key) ?? new LineTrace();
            traces.set(row.key, trace);
            const least = (x[from] ?? 0) * PROJECTION.scaleX;
            expect(seen(trace.place(x, row.y, from, to, PROJECTION, row.epoch), least)).toEqual(
              seen(new LineTrace().place(x, row.y, from, to, PROJECTION, undefined), least),
            );
          }
        }
      }),
      { numRuns: 2_000 },
    );
    expect(known).toBeGreaterThan(1_000);
  });

  it("[U1][P8] finds the least and greatest value that looking at every point would", () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 60 }), (changes) => {
        const stream = new Stream();
        const kept: RowRange[] = [];
        for (const each of changes) {
          stream.happen(each);
          const { picture } = stream;
          const toMs = (picture.x.at(-1) ?? 0) - (each.back > 20 ? 50 : 0);
          const fromMs = toMs - each.shown * 10;
          expect(valueRange(picture, fromMs, toMs, "line", false, kept)).toEqual(
            valueRange(picture, fromMs, toMs, "line"),
          );
        }
      }),
      { numRuns: 2_000, examples: [[BREAK_GONE]] },
    );
  });

  it("[P8] looks at new points only, while what is there stays as it is", () => {
    const stream = new Stream();
    const kept: RowRange[] = [];
    const looked = vi.fn();
    let most = 0;
    for (let step = 0; step < 90; step++) {
      for (const host of HOSTS) {
        stream.happen({ ...APPENDED, host, ahead: host === HOSTS[0] ? 1 : 0, values: [step % 7, -step % 5] });
      }
      stream.happen({ ...APPENDED, kind: "trim" });
      const { picture } = stream;
      for (const row of picture.rows) {
        row.y = new Proxy(row.y, {
          get: (y, at, receiver) => {
            if (typeof at === "string" && /^\d+$/.test(at)) looked();
            return Reflect.get(y, at, receiver) as unknown;
          },
        });
      }
      looked.mockClear();
      valueRange(picture, 0, picture.x.at(-1) ?? 0, "line", false, kept);
      // The whole picture once the extremes of the past have been trimmed, and at the beginning.
      if (step > 60) most = Math.max(most, looked.mock.calls.length);
    }
    expect(most).toBeLessThan(30);
  });
});
