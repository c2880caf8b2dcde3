import type { Group, PointState, Series } from "../../protocol/series.ts";
import { mergeSeries } from "../live/merge-series.ts";

/** Points of one metric that are noted at most, by their groups: objects that share it may be away for long. */
const MOST_NOTED = 100_000;

/** A point that what a metric is read from has no more. */
interface Gone {
  s: PointState;
  hasError: boolean;
}

interface ChangedGroup {
  group: Group;
  /** Windows' ends; where no point is read, one that has gone is told. */
  ends: Map<number, Gone | undefined>;
}

/** Where a metric that is read from others has changed. */
export class ChangedPoints {
  /** Ends of windows in which any group may have changed. */
  readonly #ends = new Set<number>();
  readonly #groups = new Map<string, ChangedGroup>();
  #noted = 0;

  get isEmpty(): boolean {
    return this.#noted + this.#ends.size === 0;
  }

  get isFull(): boolean {
    return this.#noted > MOST_NOTED;
  }

  /** The ends of the first and the last window that has changed. */
  get span(): { fromMs: number; toMs: number } {
    let [fromMs, toMs] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    const extend = (end: number): void => {
      fromMs = Math.min(fromMs, end);
      toMs = Math.max(toMs, end);
    };
    for (const end of this.#ends) extend(end);
    for (const { ends } of this.#groups.values()) for (const end of ends.keys()) extend(end);
    return { fromMs, toMs };
  }

  noteEnd(end: number): void {
    this.#ends.add(end);
  }

  note(group: Group, points: Iterable<readonly [end: number, gone: Gone | undefined]>): void {
    const name = nameOf(group);
    const { ends } = this.#groups.get(name) ?? { ends: new Map<number, Gone | undefined>() };
    const before = ends.size;
    for (const [end, gone] of points) ends.set(end, gone);
    this.#noted += ends.size - before;
    if (before === 0 && ends.size > 0) this.#groups.set(name, { group, ends });
  }

  /** Notes what was noted before this, but could not be read. */
  noteEarlier(earlier: ChangedPoints): void {
    for (const end of earlier.#ends) this.noteEnd(end);
    for (const [name, { group, ends }] of earlier.#groups) {
      const later = this.#groups.get(name)?.ends;
      this.note(
        group,
        [...ends].filter(([end]) => later?.has(end) !== true),
      );
    }
  }

  /** Of all that was read, what has changed; null for what is no more. */
  of(read: readonly Series[]): Series[] {
    const gone = Array.from(this.#groups.values(), goneOf).filter(({ t }) => t.length > 0);
    const changed = read.map((series) => this.#pick(series)).filter(({ t }) => t.length > 0);
    return gone.length === 0 ? changed : mergeSeries([gone, changed]);
  }

  #pick({ group, t, v, s, e }: Series): Series {
    const ends = this.#groups.get(nameOf(group))?.ends;
    const kept = [...t.keys()].filter((i) => {
      const end = t[i] ?? Number.NaN;
      return this.#ends.has(end) || ends?.has(end) === true;
    });
    const pick = <T>(column: readonly T[]) => kept.flatMap((i) => column.slice(i, i + 1));
    return { group, t: pick(t), v: pick(v), s: pick(s), ...(e === undefined ? {} : { e: pick(e) }) };
  }
}

/** What is noted of one metric in terms of another that it is read from. */
interface Noting {
  /** How many keys the metric's groups have: a point of a coarser group changes all of those. */
  keys?: number;
  /** How long after a point the change is, if that is not after `untilMs`. */
  laterMs?: number;
  untilMs?: number;
}

/** What has changed of each metric that is read from others, since it was last read. */
export class DerivedChanges {
  #changes = new Map<string, ChangedPoints>();

  get isEmpty(): boolean {
    return this.#changes.size === 0;
  }

  /**
   * Notes points of something that `name` is read from.
   *
   * @returns false when that is too much: nothing is noted of it any more, and its watchers need a new picture.
   */
  note(name: string, series: readonly Series[], noting: Noting = {}): boolean {
    const { keys = 0, laterMs = 0, untilMs = Number.POSITIVE_INFINITY } = noting;
    return this.#add(name, (noted) => {
      for (const { group, t, v, s, e } of series) {
        const goneAt = (i: number): Gone | undefined =>
          v[i] === null ? { s: s[i] ?? 0, hasError: e !== undefined } : undefined;
        const points = t.map((end, i) => [end + laterMs, goneAt(i)] as const);
        const due = points.filter(([end]) => end <= untilMs);
        if (Object.keys(group).length >= keys) noted.note(group, due);
        else for (const [end] of due) noted.noteEnd(end);
      }
    });
  }

  /** Notes windows in which any group may have changed. */
  noteEnds(name: string, ends: Iterable<number>): void {
    this.#add(name, (noted) => {
      for (const end of ends) noted.noteEnd(end);
    });
  }

  /** Notes again what was taken, and could not be read. @returns as {@link note}. */
  noteAgain(name: string, taken: ChangedPoints): boolean {
    return this.#add(name, (noted) => noted.noteEarlier(taken));
  }

  /** What was noted since the last call. */
  take(): Map<string, ChangedPoints> {
    const taken = this.#changes;
    this.#changes = new Map();
    return taken;
  }

  #add(name: string, add: (noted: ChangedPoints) => void): boolean {
    const noted = this.#changes.get(name) ?? new ChangedPoints();
    add(noted);
    if (noted.isFull) this.#changes.delete(name);
    else if (!noted.isEmpty) this.#changes.set(name, noted);
    return !noted.isFull;
  }
}

/** Nulls in the place of a group's points that are no more. */
function goneOf({ group, ends }: ChangedGroup): Series {
  const gone = [...ends].flatMap(([end, point]) => (point === undefined ? [] : [{ end, ...point }]));
  const series: Series = {
    group,
    t: gone.map(({ end }) => end),
    v: gone.map(() => null),
    s: gone.map(({ s }) => s),
  };
  if (gone.some(({ hasError }) => hasError)) series.e = gone.map(() => null);
  return series;
}

/** The same whatever order its keys come in. */
function nameOf(group: Group): string {
  return JSON.stringify(Object.entries(group).sort(([a], [b]) => (a < b ? -1 : 1)));
}
