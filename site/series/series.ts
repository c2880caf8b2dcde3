import { POINT_STATE, type Group, type PointState, type Series } from "../../protocol/series.ts";

/** A value of one group at one time: a hole (`undefined`) where the group has no point. */
export type Cell = number | null | undefined;

/** One group's points, aligned with the buffer's times. */
export interface Column {
  key: string;
  group: Group;
  v: Cell[];
  s: PointState[];
  /** Another one whenever something up to the newest settled point is not as it was, but for what is trimmed. Absent: not known. */
  epoch?: number;
}

/** A column of a buffer. */
interface BufferColumn extends Column {
  epoch: number;
  /** No point after this index is settled. */
  settled: number;
}

/** Points kept past the trimming bound before the arrays are moved: a move each second would cost more than it frees. */
const TRIM_SLACK = 32;
/** Points of the past from which a series' own rhythm is told. */
const RHYTHM_SAMPLE = 40;

/**
 * The points of one subscription, aligned: one ascending array of window ends, and one column for each group.
 * Windows of one metric share one grid, so that the alignment is kept on arrival rather than made for each drawing.
 */
export class SeriesBuffer {
  readonly t: number[] = [];
  readonly #columns = new Map<string, BufferColumn>();
  #version = 0;

  get columns(): ReadonlyMap<string, Column> {
    return this.#columns;
  }

  /** Changes whenever a point does. */
  get version(): number {
    return this.#version;
  }

  /** The newest window's end, or undefined while there is none. */
  get newestMs(): number | undefined {
    return this.t.at(-1);
  }

  /** Whether some point at or after `fromMs` is a number. */
  hasValuesFrom(fromMs: number): boolean {
    const first = lowerBound(this.t, fromMs);
    return [...this.columns.values()].some(({ v }) =>
      v.some((value, i) => i >= first && typeof value === "number"),
    );
  }

  /** Takes `series` as the whole picture: what is not in it is gone. */
  replace(series: readonly Series[]): void {
    this.t.length = 0;
    this.#columns.clear();
    this.merge(series);
    this.#version++;
  }

  /**
   * Takes points that are new or changed.
   *
   * @returns whether a value is new or another one than before; a point that only became final is not news.
   */
  merge(series: readonly Series[]): boolean {
    let news = false;
    for (const one of series) news = this.#mergeOne(one) || news;
    if (series.length > 0) this.#version++;
    return news;
  }

  /** Forgets points before `boundMs`, and groups that have none left. */
  trim(boundMs: number): void {
    const count = lowerBound(this.t, boundMs);
    // The last ones go, too, when there are no others: a quiet metric has no more than these.
    if (count < Math.min(TRIM_SLACK + 1, this.t.length || 1)) return;
    this.t.splice(0, count);
    for (const column of this.#columns.values()) {
      column.v.splice(0, count);
      column.s.splice(0, count);
      column.settled -= count;
      if (column.v.every((value) => value === undefined)) this.#columns.delete(column.key);
    }
    this.#version++;
  }

  #mergeOne({ group, t, v, s }: Series): boolean {
    const column = this.#column(group);
    let news = false;
    let index = lowerBound(this.t, t[0] ?? 0);
    for (const [i, time] of t.entries()) {
      index = this.#indexOf(time, index);
      const value = v[i] ?? null;
      const state = s[i] ?? POINT_STATE.provisional;
      const isNews = column.v[index] !== value;
      news ||= isNews;
      if (index <= column.settled && (isNews || state === POINT_STATE.provisional)) column.epoch = newEpoch();
      if (state !== POINT_STATE.provisional) column.settled = Math.max(column.settled, index);
      column.v[index] = value;
      column.s[index] = state;
    }
    return news;
  }

  #column(group: Group): BufferColumn {
    const key = groupKey(group);
    let column = this.#columns.get(key);
    if (column === undefined) {
      const { length } = this.t;
      const s = Array.from({ length }, () => POINT_STATE.provisional as PointState);
      column = { key, group, v: Array.from({ length }), s, epoch: newEpoch(), settled: -1 };
      this.#columns.set(key, column);
    }
    return column;
  }

  /** The row of `time`, made when missing. `from`: a row at or before it, as times come in ascending order. */
  #indexOf(time: number, from: number): number {
    let index = from;
    if (index > 0 && (this.t[index - 1] ?? 0) >= time) index = lowerBound(this.t, time);
    while (index < this.t.length && (this.t[index] ?? 0) < time) index++;
    if (this.t[index] !== time) this.#insertRow(time, index);
    return index;
  }

  #insertRow(time: number, index: number): void {
    const last = index === this.t.length;
    if (last) this.t.push(time);
    else this.t.splice(index, 0, time);
    for (const column of this.#columns.values()) {
      const { v, s } = column;
      if (last) {
        v.push(undefined);
        s.push(POINT_STATE.provisional);
      } else {
        v.splice(index, 0, undefined);
        s.splice(index, 0, POINT_STATE.provisional);
        if (index <= column.settled) column.settled++;
        column.epoch = newEpoch();
      }
    }
  }
}

let epochs = 0;

/** Those of different buffers and columns are never the same. */
function newEpoch(): number {
  return ++epochs;
}

/** The identity of a group: the same whatever order its keys come in. */
export function groupKey(group: Group): string {
  return JSON.stringify(Object.entries(group).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The median distance of the newest points of `v`, or 0 where there are fewer than two. */
export function rhythmMs(t: readonly number[], v: readonly Cell[]): number {
  const distances: number[] = [];
  let later: number | undefined;
  let even = true;
  for (let i = v.length - 1; i >= 0 && distances.length < RHYTHM_SAMPLE; i--) {
    const time = t[i];
    if (v[i] === undefined || time === undefined) continue;
    if (later !== undefined) {
      distances.push(later - time);
      even &&= later - time === distances[0];
    }
    later = time;
  }
  // Most series have one distance only, and each drawing asks.
  if (!even) distances.sort((a, b) => a - b);
  return distances[distances.length >> 1] ?? 0;
}

/** The first index whose value is not below `bound`, in ascending `values`. */
export function lowerBound(values: readonly number[], bound: number): number {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((values[middle] ?? 0) < bound) low = middle + 1;
    else high = middle;
  }
  return low;
}
