import type { Accumulator } from "./aggregates/aggregate.ts";
import type { CompiledMetric } from "./compiled-metric.ts";
import { otherKey } from "./group-key.ts";
import type { MemoryBudget } from "./memory-budget.ts";
import { NamedGroups } from "./named-groups.ts";
import { PaneColumn } from "./pane-column.ts";
import type { MetricPartial } from "./partials.ts";
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
  readonly #windows = new Map<number, SlidingWindow>();
  #nextRank = 0;
  #sealedEnd: number;
  #visibleEnd: number;

  constructor(compiled: CompiledMetric, budget: MemoryBudget, encoded?: EncodedWindows) {
    this.#compiled = compiled;
    this.#budget = budget;
    this.#mostGroups = Math.ceil(compiled.metric.maxGroups / compiled.metric.shards);
    const other = otherKey(compiled.metric.groupBy);
    this.#other = new PaneColumn(other, Number.POSITIVE_INFINITY, compiled.aggregate, budget);
    this.#sealedEnd = this.#visibleEnd = encoded?.sealedEnd ?? 0;
    for (const [key, starts, states] of encoded?.groups ?? []) {
      const column = key === other ? this.#other : this.#newColumn(key);
      for (const [i, start] of starts.entries()) {
        column.add(start, compiled.aggregate.decode(states[i] ?? 0));
        const pane = this.#paneAt(start);
        if (column !== this.#other) pane.admit(column);
      }
    }
  }

  apply({ panes = [] }: MetricPartial, touch: Touch): Taken {
    const taken: Taken = { late: 0, folded: 0, dropped: 0 };
    for (const [startMs, events, groups] of panes) {
      if (this.#lastEnd(startMs) <= this.#sealedEnd) {
        taken.late += events;
        continue;
      }
      for (const [key, state] of groups) {
        const delta = this.#compiled.aggregate.decode(state);
        const column = this.#columnFor(startMs, key, taken);
        column.add(startMs, delta);
        taken.folded += this.#updateWindows(startMs, column, delta, touch);
      }
    }
    return taken;
  }

  show(visibleEnd: number, _reachedMs: number, touch: Touch): Taken {
    const taken: Taken = { late: 0, folded: 0, dropped: 0 };
    for (const end of this.ends(this.#visibleEnd, visibleEnd)) {
      const window = this.#windowAt(end);
      const fromMs = end - this.#compiled.metric.window.sizeMs;
      for (const column of [...this.#columns.values(), this.#other]) {
        const sum = column.slide(fromMs, end);
        if (sum === undefined) continue;
        const [key] = window.take(column, sum);
        if (key !== column.key) taken.folded++;
      }
      for (const key of window.groups.keys()) touch(end, key);
    }
    this.#visibleEnd = visibleEnd;
    return taken;
  }

  *ends(after: number, through: number): Generator<number> {
    const { everyMs } = this.#compiled.metric.window;
    let next = floorTo(after, everyMs) + everyMs;
    if (next > through) return;
    for (const start of [...this.#panes.keys()].sort((a, b) => a - b)) {
      const last = Math.min(this.#lastEnd(start), through);
      for (let end = Math.max(this.#firstEnd(start), next); end <= last; end += everyMs) {
        yield end;
        next = end + everyMs;
      }
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
    if (known?.has(startMs) || key === this.#other.key) return known ?? this.#other;
    const pane = this.#paneAt(startMs);
    const column = known ?? new PaneColumn(key, this.#nextRank, this.#compiled.aggregate, this.#budget);
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

  /** Returns how many groups were folded by it. */
  #updateWindows(startMs: number, column: PaneColumn, delta: Accumulator, touch: Touch): number {
    const { everyMs } = this.#compiled.metric.window;
    let folded = 0;
    const last = Math.min(this.#lastEnd(startMs), this.#visibleEnd);
    for (
      let end = Math.max(this.#firstEnd(startMs), this.#sealedEnd + everyMs);
      end <= last;
      end += everyMs
    ) {
      const changed = this.#windowAt(end).take(column, delta);
      for (const key of changed) touch(end, key);
      if (changed.length > 1 || changed[0] !== column.key) folded++;
    }
    return folded;
  }

  #dropPanes(sealedEnd: number): void {
    const { everyMs, sizeMs } = this.#compiled.metric.window;
    for (const start of this.#panes.keys()) if (this.#lastEnd(start) <= sealedEnd) this.#panes.delete(start);
    const keptFromMs = sealedEnd + everyMs - sizeMs;
    for (const [key, column] of this.#columns) {
      column.dropBefore(keptFromMs);
      if (column.isEmpty) this.#columns.delete(key);
    }
    this.#other.dropBefore(keptFromMs);
  }

  #newColumn(key: string): PaneColumn {
    const column = new PaneColumn(key, this.#nextRank++, this.#compiled.aggregate, this.#budget);
    this.#columns.set(key, column);
    return column;
  }

  #paneAt(startMs: number): NamedGroups<PaneColumn> {
    let pane = this.#panes.get(startMs);
    if (pane === undefined) this.#panes.set(startMs, (pane = new NamedGroups(this.#mostGroups)));
    return pane;
  }

  #windowAt(end: number): SlidingWindow {
    let window = this.#windows.get(end);
    if (window === undefined) {
      const { aggregate } = this.#compiled;
      window = new SlidingWindow(aggregate, this.#budget, this.#other.key, this.#mostGroups);
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
