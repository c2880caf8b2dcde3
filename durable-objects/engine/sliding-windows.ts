import { groupsPerObject } from "../../protocol/footprint.ts";
import type { Accumulator } from "./aggregates/aggregate.ts";
import type { CompiledMetric } from "./compiled-metric.ts";
import { otherKey } from "./group-key.ts";
import type { MemoryBudget } from "./memory-budget.ts";
import { NamedGroups } from "./named-groups.ts";
import { lowerBound } from "./lower-bound.ts";
import { PaneColumn } from "./pane-column.ts";
import type { MetricPartial } from "./partials.ts";
import { SlidingPosition } from "./sliding-position.ts";
import { SlidingWindow } from "./sliding-window.ts";
import { ceilTo, type EncodedWindows, floorTo, type Taken, type Touch, type Windows } from "./windows.ts";

const NONE: ReadonlyMap<string, Accumulator> = new Map();

/**
 * Sliding windows, composed of panes that they share. Panes stand in a column for each group; a window is composed of
 * the columns when it comes into view. What comes later goes into its pane, for the windows to come, and into the
 * windows in view that the pane belongs to: one, unless it is late.
 *
 * A pane and a window name the groups that came first to the metric, `maxGroups` at most; the rest are `__other__`.
 */
export class SlidingWindows implements Windows {
  readonly #compiled: CompiledMetric;
  readonly #budget: MemoryBudget;
  readonly #mostGroups: number;
  /** In the order of their ranks. */
  readonly #columns = new Map<string, PaneColumn>();
  readonly #other: PaneColumn;
  readonly #panes = new Map<number, NamedGroups<PaneColumn>>();
  /** Of the panes, ascending. */
  readonly #starts: number[] = [];
  readonly #position: SlidingPosition;
  readonly #windows = new Map<number, SlidingWindow>();
  #nextRank = 0;
  #sealedEnd: number;
  #visibleEnd: number;

  constructor(compiled: CompiledMetric, budget: MemoryBudget, encoded?: EncodedWindows) {
    this.#compiled = compiled;
    this.#budget = budget;
    this.#mostGroups = groupsPerObject(compiled.metric);
    this.#position = new SlidingPosition(compiled.metric.window.sizeMs, compiled.paneMs);
    const other = otherKey(compiled.metric.groupBy);
    this.#other = this.#columnOf(other, Number.POSITIVE_INFINITY);
    this.#sealedEnd = this.#visibleEnd = encoded?.sealedEnd ?? 0;
    for (const [key, starts, states] of encoded?.groups ?? []) {
      const column = key === other ? this.#other : this.#columnOf(key, this.#nextRank++);
      if (column !== this.#other) this.#columns.set(key, column);
      for (const [i, start] of starts.entries()) {
        column.add(start, compiled.aggregate.decode(states[i] ?? 0));
        const pane = this.#paneAt(start);
        if (column !== this.#other) pane.admit(column);
      }
    }
  }

  apply({ panes = [] }: MetricPartial, touch: Touch): Taken {
    const taken: Taken = { late: 0, folded: 0, dropped: 0 };
    for (const [startMs, events, keys, states] of panes) {
      if (this.#lastEnd(startMs) <= this.#sealedEnd) {
        taken.late += events;
        continue;
      }
      const windows = this.#windowsOver(startMs);
      // Not by `entries()`: a pair for each of many groups is a third of what this allocates.
      for (let i = 0; i < keys.length; i++) {
        const key = keys[i] ?? "";
        const delta = this.#compiled.aggregate.decode(states[i] ?? 0);
        const column = this.#columnFor(startMs, key, taken);
        column.add(startMs, delta);
        for (const window of windows) taken.folded += this.#update(window, column, delta, touch);
      }
    }
    return taken;
  }

  show(visibleEnd: number, _reachedMs: number, touch: Touch): Taken {
    const taken: Taken = { late: 0, folded: 0, dropped: 0 };
    for (const end of this.ends(this.#visibleEnd, visibleEnd)) {
      this.#moveTo(end);
      taken.folded += this.#compose(end, touch);
    }
    if (visibleEnd > this.#position.endMs) this.#moveTo(visibleEnd);
    this.#visibleEnd = visibleEnd;
    return taken;
  }

  *ends(after: number, through: number): Generator<number> {
    const { sizeMs, everyMs } = this.#compiled.metric.window;
    let next = floorTo(after, everyMs) + everyMs;
    for (let i = lowerBound(this.#starts, next - sizeMs); i < this.#starts.length; i++) {
      const start = this.#starts[i] ?? 0;
      next = Math.max(next, this.#firstEnd(start));
      if (next > through) return;
      const last = Math.min(this.#lastEnd(start), through);
      for (; next <= last; next += everyMs) yield next;
    }
  }

  at(endMs: number): ReadonlyMap<string, Accumulator> {
    return this.#windows.get(endMs)?.groups ?? NONE;
  }

  seal(sealedEnd: number): number {
    this.#sealedEnd = sealedEnd;
    for (const [end, window] of this.#windows) {
      if (end > sealedEnd) continue;
      window.release();
      this.#windows.delete(end);
    }
    this.#dropPanes(sealedEnd);
    return 0;
  }

  release(): void {
    this.seal(Number.POSITIVE_INFINITY);
  }

  encode(): EncodedWindows {
    const groups = [...this.#columns.values(), this.#other]
      .filter((column) => !column.isEmpty)
      .map((column): EncodedWindows["groups"][number] => {
        const panes = [...column.panes()];
        return [column.key, panes.map(([start]) => start), panes.map(([, cell]) => cell.encode())];
      });
    return { sealedEnd: this.#sealedEnd, groups };
  }

  /** The column that a group's share of a pane goes to: its own if the pane names it, else that of `__other__`. */
  #columnFor(startMs: number, key: string, taken: Taken): PaneColumn {
    const known = this.#columns.get(key);
    if (known?.has(startMs)) return known;
    const pane = this.#paneAt(startMs);
    if (key === this.#other.key) return this.#other;
    const column = known ?? this.#columnOf(key, this.#nextRank);
    const left = this.#budget.isFull ? column : pane.admit(column);
    if (left !== undefined) taken.folded++;
    if (left === column) return this.#other;
    if (left !== undefined) this.#foldPane(left, startMs);
    if (known === undefined) {
      this.#nextRank++;
      this.#columns.set(key, column);
    }
    return column;
  }

  #foldPane(column: PaneColumn, startMs: number): void {
    const cell = column.remove(startMs);
    if (cell !== undefined) this.#other.add(startMs, cell);
    if (column.isEmpty) this.#columns.delete(column.key);
  }

  /** The windows in view that a pane belongs to. */
  #windowsOver(startMs: number): SlidingWindow[] {
    const { everyMs } = this.#compiled.metric.window;
    const windows: SlidingWindow[] = [];
    const last = Math.min(this.#lastEnd(startMs), this.#visibleEnd);
    let end = Math.max(this.#firstEnd(startMs), this.#sealedEnd + everyMs);
    for (; end <= last; end += everyMs) windows.push(this.#windowAt(end));
    return windows;
  }

  /** Returns how many groups were folded by it. */
  #update(window: SlidingWindow, column: PaneColumn, delta: Accumulator, touch: Touch): number {
    const left = window.take(column, delta, false);
    if (left !== column.key) touch(window.end, column.key);
    if (left === undefined) return 0;
    touch(window.end, left);
    touch(window.end, this.#other.key);
    return 1;
  }

  /** Drops what no window holds, block by block: it is done for every column. */
  #dropPanes(sealedEnd: number): void {
    const { everyMs, sizeMs } = this.#compiled.metric.window;
    const keptFromMs = sealedEnd + everyMs - sizeMs;
    const isAny = (this.#starts.at(-1) ?? 0) >= keptFromMs;
    const fromMs = isAny ? this.#position.blockOf(keptFromMs) : keptFromMs;
    const dropped = this.#starts.splice(0, lowerBound(this.#starts, fromMs));
    if (dropped.length === 0) return;
    for (const start of dropped) this.#panes.delete(start);
    for (const [key, column] of this.#columns) {
      column.dropBefore(fromMs);
      if (column.isEmpty) this.#columns.delete(key);
    }
    this.#other.dropBefore(fromMs);
  }

  #moveTo(end: number): void {
    this.#position.moveTo(end);
    for (const column of this.#columns.values()) column.follow();
    this.#other.follow();
  }

  /** Composes the window that the columns have followed to. Returns how many groups were folded by it. */
  #compose(end: number, touch: Touch): number {
    const window = this.#windowAt(end);
    let folded = 0;
    for (const column of this.#columns.values()) if (takeSum(window, column) !== undefined) folded++;
    takeSum(window, this.#other);
    for (const key of window.groups.keys()) touch(end, key);
    return folded;
  }

  #columnOf(key: string, rank: number): PaneColumn {
    return new PaneColumn(key, rank, this.#compiled.aggregate, this.#budget, this.#position);
  }

  #paneAt(startMs: number): NamedGroups<PaneColumn> {
    let pane = this.#panes.get(startMs);
    if (pane === undefined) {
      this.#panes.set(startMs, (pane = new NamedGroups(this.#mostGroups)));
      this.#starts.splice(lowerBound(this.#starts, startMs), 0, startMs);
    }
    return pane;
  }

  #windowAt(end: number): SlidingWindow {
    let window = this.#windows.get(end);
    if (window === undefined) {
      const { aggregate } = this.#compiled;
      window = new SlidingWindow(end, aggregate, this.#budget, this.#other.key, this.#mostGroups);
      this.#windows.set(end, window);
    }
    return window;
  }

  /** The first window that holds the pane. */
  #firstEnd(paneStart: number): number {
    return ceilTo(paneStart + this.#compiled.paneMs, this.#compiled.metric.window.everyMs);
  }

  /** The last window that holds the pane. */
  #lastEnd(paneStart: number): number {
    const { sizeMs, everyMs } = this.#compiled.metric.window;
    return floorTo(paneStart + sizeMs, everyMs);
  }
}

/** @returns the key of the group that was folded by it, if any. */
function takeSum(window: SlidingWindow, column: PaneColumn): string | undefined {
  const sum = column.sum();
  return sum && window.take(column, sum, true);
}
