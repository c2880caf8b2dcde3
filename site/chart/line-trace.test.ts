import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { Projection } from "./chart-paths.ts";
import { LineTrace } from "./line-trace.ts";
import type { Cell } from "../series/series.ts";

type Vertex = [left: number, top: number];

/** What a canvas would be told: each piece of the line by its points. */
class RecordedPath {
  static made = 0;
  readonly pieces: Vertex[][] = [];
  constructor() {
    RecordedPath.made++;
  }
  moveTo(left: number, top: number): void {
    this.pieces.push([[left, top]]);
  }
  lineTo(left: number, top: number): void {
    this.pieces.at(-1)?.push([left, top]);
  }
}

beforeAll(() => void vi.stubGlobal("Path2D", RecordedPath));
afterAll(() => void vi.unstubAllGlobals());

const STEP_MS = 10;
/** Each point has a column of its own: half a pixel. */
const APART: Projection = { scaleX: 0.05, shiftX: 0, scaleY: -2, shiftY: 100 };
/** Five points share a column. */
const CROWDED: Projection = { ...APART, scaleX: 0.01 };

class Chart {
  x: number[] = [];
  y: Cell[] = [];
  projection: Projection;
  /** Another one whenever a point of the past is. */
  #epoch = 0;
  readonly #trace = new LineTrace();

  constructor(projection: Projection) {
    this.projection = projection;
  }

  /** The pieces as they are seen when the newest `shown` points are, but for those that are not settled. */
  draw(shown: number, unsettled = 0): { pieces: Vertex[][]; from: number; to: number } {
    const to = Math.max(0, this.x.length - 1 - unsettled);
    const from = Math.max(0, to + 1 - shown);
    const { path, shift } = this.#trace.place(this.x, this.y, from, to, this.projection, String(this.#epoch));
    const pieces = (path as unknown as RecordedPath).pieces.map((piece) =>
      piece.map(([left, top]): Vertex => [left + shift, top]),
    );
    return { pieces, from, to };
  }

  at(index: number): Vertex {
    const { scaleX, shiftX, scaleY, shiftY } = this.projection;
    return [(this.x[index] ?? 0) * scaleX + shiftX, (this.y[index] as number) * scaleY + shiftY];
  }

  /** The points to draw: each piece by itself. */
  pieces(from: number, to: number): Vertex[][] {
    const pieces: Vertex[][] = [[]];
    for (let i = from; i <= to; i++) {
      if (this.y[i] === null) pieces.push([]);
      else if (this.y[i] !== undefined) pieces.at(-1)?.push(this.at(i));
    }
    return pieces.filter((piece) => piece.length > 0);
  }

  change({ kind, place, value }: Change): void {
    const index = Math.floor(place * this.x.length);
    if (kind === "revise" || kind === "between" || kind === "delay") this.#epoch++;
    const next = (this.x.at(-1) ?? 0) + STEP_MS;
    if (kind === "append") this.#insert(this.x.length, next, value);
    else if (kind === "skip") this.#insert(this.x.length, next + 20 * STEP_MS, value);
    else if (kind === "revise" && this.x.length > 0) this.y[index] = value;
    else if (kind === "trim") {
      this.x.splice(0, index);
      this.y.splice(0, index);
    } else if (kind === "between" && index > 0) {
      const middle = ((this.x[index] ?? 0) + (this.x[index - 1] ?? 0)) / 2;
      if (middle % STEP_MS === 0) this.#insert(index, middle, value);
    } else if (kind === "delay") {
      for (let i = index; i < this.x.length; i++) this.x[i] = (this.x[i] ?? 0) + STEP_MS;
    } else if (kind === "scale") this.projection = { ...this.projection, shiftY: Math.round(place * 50) };
  }

  #insert(index: number, x: number, value: Cell): void {
    this.x.splice(index, 0, x);
    this.y.splice(index, 0, value);
  }
}

interface Change {
  kind: "append" | "skip" | "revise" | "trim" | "between" | "delay" | "scale";
  place: number;
  value: Cell;
}

const change: fc.Arbitrary<Change> = fc.record({
  kind: fc.constantFrom("append", "append", "append", "skip", "revise", "trim", "between", "delay", "scale"),
  place: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
  value: fc.oneof(
    { weight: 8, arbitrary: fc.integer({ min: -50, max: 50 }) },
    fc.constant(null),
    fc.constant(undefined),
  ),
});
const changes = fc.array(fc.tuple(change, fc.integer({ min: 1, max: 60 }), fc.integer({ min: 0, max: 2 })), {
  maxLength: 80,
});

/** From which height to which each part of a piece goes. */
const waysOf = (piece: readonly Vertex[]): string[] =>
  piece.slice(1).map(([, top], i) => `${piece[i]?.[1]} ${top}`);

const begun = (projection: Projection, history: readonly Cell[]): Chart => {
  const chart = new Chart(projection);
  for (const value of history) chart.change({ kind: "append", place: 0, value });
  return chart;
};

describe("LineTrace", () => {
  it("[U1] draws what a line that is made anew each time would", () => {
    fc.assert(
      fc.property(changes, (steps) => {
        const chart = begun(APART, [1, 2, 3]);
        for (const [step, shown, unsettled] of steps) {
          chart.change(step);
          if (chart.x.length === 0) continue;
          const { pieces, from, to } = chart.draw(shown, unsettled);
          const least = (chart.x[from] ?? 0) * APART.scaleX;
          const seen = pieces.map((piece) => piece.filter(([left]) => left >= least));
          expect(seen.filter((piece) => piece.length > 0)).toEqual(chart.pieces(from, to));
        }
      }),
    );
  });

  it("[U1] draws every point's height where points share a column, and none that is not", () => {
    fc.assert(
      fc.property(changes, (steps) => {
        const chart = begun(CROWDED, [1, 2, 3]);
        for (const [step, shown, unsettled] of steps) {
          chart.change(step);
          if (chart.x.length === 0) continue;
          const { pieces, from, to } = chart.draw(shown, unsettled);
          const drawn = pieces.flat();
          const wanted = chart.pieces(from, to);
          for (const [left, top] of wanted.flat()) {
            const near = drawn.filter(([at]) => Math.abs(at - left) <= 0.5).map(([, height]) => height);
            expect(Math.min(...near)).toBeLessThanOrEqual(top);
            expect(Math.max(...near)).toBeGreaterThanOrEqual(top);
          }
          const least = (chart.x[from] ?? 0) * CROWDED.scaleX + 1;
          const real = new Set(wanted.flat().map(([, top]) => top));
          for (const [left, top] of drawn) if (left > least) expect(real).toContain(top);
          // From column to column the line goes from the last point of the one to the first of the other.
          const ways = new Set(pieces.flatMap(waysOf));
          for (const [i, [left, top]] of wanted.flat().entries()) {
            const next = wanted.flat()[i + 1];
            const isSamePiece = wanted.some((piece) =>
              piece.some((at, k) => at[0] === left && piece[k + 1]?.[0] === next?.[0]),
            );
            if (next !== undefined && isSamePiece && next[0] - left > 0.5)
              expect(ways).toContain(`${top} ${next[1]}`);
          }
        }
      }),
    );
  });

  it("[P8] keeps the path while time moves on, and makes it anew for a revised point only", () => {
    const chart = begun(APART, [1, 2, 3]);
    chart.draw(100);
    const { made } = RecordedPath;
    for (let value = 0; value < 200; value++) {
      chart.change({ kind: "append", place: 0, value });
      chart.projection = { ...chart.projection, shiftX: -value * 0.5 };
      chart.draw(300);
    }
    expect(RecordedPath.made).toBe(made);
    chart.change({ kind: "revise", place: 0.5, value: 7 });
    chart.draw(300);
    expect(RecordedPath.made).toBe(made + 1);
  });

  it("[P8] does not drag along for ever what has left the chart", () => {
    const chart = begun(APART, []);
    let longest = 0;
    const { made } = RecordedPath;
    for (let value = 0; value < 5_000; value++) {
      chart.change({ kind: "append", place: 0, value });
      longest = Math.max(longest, chart.draw(100).pieces.flat().length);
    }
    expect(longest).toBeLessThan(1_000);
    expect(RecordedPath.made - made).toBeLessThan(40);
  });
});
