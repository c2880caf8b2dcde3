import type { DeltaMessage, SnapshotMessage } from "../../protocol/live.ts";
import type { Group, PointState, Series } from "../../protocol/series.ts";

/** One window of one group. `value` is null where there is none. */
export interface Point {
  t: number;
  value: number | null;
  state: PointState;
  /** Of rankings: by how much `value` may be too high. */
  error?: number | null;
}

interface GroupPoints {
  group: Group;
  /** By the windows' ends. */
  points: Map<number, Point>;
}

/** The points of one subscription as they stand now, kept up by its snapshots and deltas. */
export class LivePicture {
  readonly #groups = new Map<string, GroupPoints>();
  /** No window ended before. */
  #oldestMs = Number.POSITIVE_INFINITY;
  /** Event time up to which all is thought to have come, epoch ms; null before the first event. */
  watermark: number | null = null;

  /** Takes a snapshot: as the whole picture, or after a resume as what has changed. */
  snapshot({ recovered, series, watermark }: SnapshotMessage): void {
    if (!recovered) this.#groups.clear();
    this.#lay(series, watermark);
  }

  delta({ series, watermark }: DeltaMessage): void {
    this.#lay(series, watermark);
  }

  /** Forgets windows that ended before `beforeMs`. */
  trim(beforeMs: number): void {
    if (beforeMs <= this.#oldestMs) return;
    this.#oldestMs = Number.POSITIVE_INFINITY;
    for (const [key, { points }] of this.#groups) {
      for (const t of points.keys()) {
        if (t < beforeMs) points.delete(t);
        else if (t < this.#oldestMs) this.#oldestMs = t;
      }
      if (points.size === 0) this.#groups.delete(key);
    }
  }

  /** Every group that has a point, in the order of their coming. */
  groups(): Group[] {
    return Array.from(this.#groups.values(), ({ group }) => group);
  }

  /** The points of a group, ascending in time; none of one that is not there. */
  points(group: Group): Point[] {
    const { points } = this.#groups.get(groupKey(group)) ?? { points: new Map<number, Point>() };
    return [...points.values()].sort((a, b) => a.t - b.t);
  }

  /** The newest point of a group. */
  newest(group: Group): Point | undefined {
    let newest: Point | undefined;
    for (const point of this.#groups.get(groupKey(group))?.points.values() ?? []) {
      if (newest === undefined || point.t > newest.t) newest = point;
    }
    return newest;
  }

  #lay(series: readonly Series[], watermark: number | null): void {
    for (const { group, t, v, s, e } of series) {
      const { points } = this.#of(group);
      for (const [i, end] of t.entries()) {
        const point: Point = { t: end, value: v[i] ?? null, state: s[i] ?? 0 };
        if (e !== undefined) point.error = e[i] ?? null;
        points.set(end, point);
        if (end < this.#oldestMs) this.#oldestMs = end;
      }
    }
    this.watermark = watermark;
  }

  #of(group: Group): GroupPoints {
    const key = groupKey(group);
    let found = this.#groups.get(key);
    if (found === undefined) this.#groups.set(key, (found = { group, points: new Map() }));
    return found;
  }
}

/** The same whatever order the keys come in. */
function groupKey(group: Group): string {
  return JSON.stringify(Object.entries(group).sort(([a], [b]) => (a < b ? -1 : 1)));
}
