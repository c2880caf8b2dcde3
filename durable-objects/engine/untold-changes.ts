import { POINT_STATE, type PointState, type Series } from "../../protocol/series.ts";
import type { CountedItem, Outcome } from "./aggregates/aggregate.ts";
import type { CompiledMetric } from "./compiled-metric.ts";
import { readSealed, type SealedPoint } from "./sealed-point.ts";
import { SeriesBuilder, type WindowPoint } from "./window-points.ts";

interface Told {
  outcome: Outcome;
  state: PointState;
  /** Somebody was given a picture since, which may show something else. */
  isDoubtful?: boolean;
}

/**
 * What has changed since it was last told, while somebody watches. A group that was told and is in its window no more,
 * because `__other__` has taken it, is told as a point without a value.
 */
export class UntoldChanges {
  #isWatched = false;
  /** Groups of each unsealed window that may differ from what was last told. */
  readonly #touched = new Map<number, Set<string>>();
  /** What was last told of every window that is not sealed. */
  readonly #told = new Map<number, Map<string, Told>>();
  #sealed: SealedPoint[] = [];

  get isWatched(): boolean {
    return this.#isWatched;
  }

  /** Begins anew: nothing has been told, but for what lies before `sealed`. */
  begin(sealed: readonly SealedPoint[]): void {
    this.stop();
    this.#isWatched = true;
    this.#sealed = [...sealed];
  }

  /** Nobody is watching. */
  stop(): void {
    this.#isWatched = false;
    this.#touched.clear();
    this.#told.clear();
    this.#sealed = [];
  }

  touch(end: number, key: string): void {
    if (!this.#isWatched) return;
    let keys = this.#touched.get(end);
    if (keys === undefined) this.#touched.set(end, (keys = new Set()));
    keys.add(key);
  }

  /** A picture is given to somebody: what it shows of what has not been told is told next, even if it is by then as it was before. */
  pictureGiven(): void {
    for (const [end, keys] of this.#touched) {
      for (const key of keys) {
        const told = this.#told.get(end)?.get(key);
        if (told !== undefined) told.isDoubtful = true;
      }
    }
  }

  sealed(point: SealedPoint): void {
    if (this.#isWatched) this.#sealed.push(point);
  }

  /** The changes of windows that end at `visibleEnd` or before, sealed ones first; they are told then. */
  take(
    compiled: CompiledMetric,
    visibleEnd: number,
    pointAt: (end: number, key: string) => WindowPoint | undefined,
  ): Series[] {
    const builder = new SeriesBuilder(compiled);
    this.#tellSealed(compiled, builder);
    for (const end of [...this.#touched.keys()].sort((a, b) => a - b)) {
      if (end > visibleEnd) break;
      for (const key of this.#touched.get(end) ?? []) this.#tell(end, key, pointAt(end, key), builder);
      this.#touched.delete(end);
    }
    return builder.series();
  }

  #tell(end: number, key: string, point: WindowPoint | undefined, builder: SeriesBuilder): void {
    let told = this.#told.get(end);
    if (told === undefined) this.#told.set(end, (told = new Map()));
    const before = told.get(key);
    if (point === undefined) {
      if (before !== undefined) builder.addGone(end, key, before.outcome, before.state);
      told.delete(key);
      return;
    }
    const { outcome, state } = point;
    const isKnown = before?.state === state && before.isDoubtful !== true;
    if (isKnown && isSame(before.outcome, outcome)) return;
    if (before !== undefined) builder.addLeft(end, key, before.outcome, outcome, state);
    told.set(key, { outcome, state });
    builder.add(isKnown ? { ...point, outcome: changedItems(before.outcome, outcome) } : point);
  }

  #tellSealed(compiled: CompiledMetric, builder: SeriesBuilder): void {
    for (const point of this.#sealed) {
      const [end, key] = point;
      this.#tell(end, key, readSealed(compiled, point), builder);
    }
    for (const [end] of this.#sealed) {
      // What was told and did not come to be sealed is gone.
      for (const key of this.#touched.get(end) ?? []) {
        if (this.#told.get(end)?.get(key)?.state !== POINT_STATE.sealed)
          this.#tell(end, key, undefined, builder);
      }
      this.#touched.delete(end);
    }
    for (const [end] of this.#sealed) this.#told.delete(end);
    this.#sealed = [];
  }
}

function isSame(a: Outcome, b: Outcome): boolean {
  if (a === null || b === null || typeof a === "number" || typeof b === "number") return a === b;
  return a.length === b.length && a.every((item, i) => isSameItem(item, b[i]));
}

function isSameItem(a: CountedItem, b: CountedItem | undefined): boolean {
  return b !== undefined && a.item === b.item && a.count === b.count && a.error === b.error;
}

/** Of a ranking or a histogram the items that differ from what they were before. */
function changedItems(before: Outcome, now: Outcome): Outcome {
  if (before === null || now === null || typeof before === "number" || typeof now === "number") return now;
  const known = new Map(before.map((each) => [each.item, each]));
  return now.filter((each) => !isSameItem(each, known.get(each.item)));
}
