import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Accumulator, Aggregate, Encoded } from "./aggregates/aggregate.ts";
import { sum } from "./aggregates/sum.ts";
import { histogram } from "./aggregates/histogram.ts";
import { topk } from "./aggregates/topk.ts";
import { MemoryBudget } from "./memory-budget.ts";
import { PaneColumn } from "./pane-column.ts";
import { SlidingPosition } from "./sliding-position.ts";

const PANE_MS = 10;
/** Far enough from the epoch for every window to begin after it. */
const START_PANE = 1_000;
const PANES_KEPT = 5;

/** A column with the position that it follows, and beside it nothing but its panes. */
class Followed {
  readonly budget = new MemoryBudget(Number.POSITIVE_INFINITY);
  readonly panes = new Map<number, Accumulator>();
  readonly #panesPerWindow: number;
  readonly #aggregate: Aggregate;
  readonly #position: SlidingPosition;
  readonly #column: PaneColumn;
  #end = START_PANE;

  constructor(panesPerWindow: number, aggregate: Aggregate, end = START_PANE) {
    this.#panesPerWindow = panesPerWindow;
    this.#aggregate = aggregate;
    this.#position = new SlidingPosition(panesPerWindow * PANE_MS, PANE_MS);
    this.#column = new PaneColumn("g", 0, aggregate, this.budget, this.#position);
    this.moveTo(end);
  }

  /** Another column of the same panes that has come to the same place by one move. */
  restarted(): Followed {
    const other = new Followed(this.#panesPerWindow, this.#aggregate, 0);
    for (const [start, cell] of this.panes) other.addTo(start, cell);
    other.moveTo(this.#end);
    return other;
  }

  moveBy(panes: number): void {
    this.moveTo(this.#end + panes);
  }

  moveTo(end: number): void {
    this.#end = end;
    this.#position.moveTo(end * PANE_MS);
    this.#column.follow();
    this.#column.dropBefore(this.#keptFrom * PANE_MS);
    for (const start of this.panes.keys()) if (start < this.#keptFrom) this.panes.delete(start);
  }

  /** Panes stay for a while after they have left the window. */
  get #keptFrom(): number {
    return this.#end - this.#panesPerWindow - PANES_KEPT;
  }

  /** Adds to a pane that is so many before the window's end, or after it. What comes too late is nothing. */
  add(ago: number, x: number): void {
    if (this.#end - ago < this.#keptFrom) return;
    const delta = this.#aggregate.create();
    delta.add(x, 0);
    this.addTo(this.#end - ago, delta);
  }

  addTo(start: number, delta: Accumulator): void {
    this.#column.add(start * PANE_MS, delta);
    const cell = this.panes.get(start) ?? this.#aggregate.create();
    cell.merge(delta);
    this.panes.set(start, cell);
  }

  remove(ago: number): void {
    this.#column.remove((this.#end - ago) * PANE_MS);
    this.panes.delete(this.#end - ago);
  }

  sum(): Encoded | undefined {
    return this.#column.sum()?.encode();
  }

  expectedSum(): Encoded | undefined {
    const inside = [...this.panes].filter(
      ([start]) => start >= this.#end - this.#panesPerWindow && start < this.#end,
    );
    if (inside.length === 0) return undefined;
    const whole = this.#aggregate.create();
    for (const [, cell] of inside) whole.merge(cell);
    return whole.encode();
  }

  release(): void {
    this.#column.dropBefore(Number.POSITIVE_INFINITY);
  }
}

const steps = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.record({ ago: fc.integer({ min: -3, max: 3 }), x: fc.nat(20) }) },
    { weight: 2, arbitrary: fc.record({ ago: fc.integer({ min: 1, max: 60 }), x: fc.nat(20) }) },
    { weight: 3, arbitrary: fc.record({ move: fc.integer({ min: 1, max: 3 }) }) },
    { weight: 1, arbitrary: fc.record({ move: fc.integer({ min: 1, max: 70 }) }) },
    { weight: 1, arbitrary: fc.record({ remove: fc.integer({ min: -3, max: 60 }) }) },
  ),
  { minLength: 1, maxLength: 120 },
);

describe("[W2] a column of panes", () => {
  it.each([
    ["sums", sum],
    ["rankings", topk(3)],
    ["histograms", histogram],
  ] as [string, Aggregate][])("[W2] has the %s of any window that comes after another", (_, aggregate) => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 50 }), steps, (panes, path) => {
        const followed = new Followed(panes, aggregate);
        for (const step of path) {
          if ("move" in step) followed.moveBy(step.move);
          else if ("remove" in step) followed.remove(step.remove);
          else followed.add(step.ago, step.x);
          expect(followed.sum()).toEqual(followed.expectedSum());
        }
        const restarted = followed.restarted();
        expect(restarted.sum()).toEqual(followed.sum());
        expect(restarted.budget.usedBytes).toBe(followed.budget.usedBytes);
        followed.release();
        expect(followed.budget.usedBytes).toBe(0);
      }),
      { numRuns: 500 },
    );
  });

  it("[W2] has nothing of a pane that was dropped, nor of one that was taken out", () => {
    const column = new PaneColumn("g", 0, sum, new MemoryBudget(1_000), new SlidingPosition(100, 10));
    const forgetters = [() => column.dropBefore(20), () => column.remove(10)];
    for (const forget of forgetters) {
      column.add(10, sum.decode(1));
      forget();
      expect(column.has(10)).toBe(false);
      column.add(10, sum.decode(2));
      expect(Array.from(column.panes(), ([start, cell]) => [start, cell.encode()])).toEqual([[10, 2]]);
      column.remove(10);
    }
  });
});
