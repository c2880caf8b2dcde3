import type { Group, PointState, Series } from "../../protocol/series.ts";

interface Point {
  t: number;
  v: number | null;
  s: PointState;
  e: number | null | undefined;
}

interface MergedGroup {
  group: Group;
  points: Map<number, Point>;
}

/** Several lists of changed points as one, in which the latest of each group and time is left. */
export function mergeSeries(lists: readonly (readonly Series[])[]): Series[] {
  const [only] = lists;
  if (only !== undefined && lists.length === 1) return [...only];
  const groups = new Map<string, MergedGroup>();
  for (const series of lists.flat()) lay(series, groups);
  return Array.from(groups.values(), columns);
}

function lay({ group, t, v, s, e }: Series, groups: Map<string, MergedGroup>): void {
  const key = JSON.stringify(group);
  let merged = groups.get(key);
  if (merged === undefined) groups.set(key, (merged = { group, points: new Map() }));
  for (const [i, end] of t.entries()) {
    merged.points.set(end, { t: end, v: v[i] ?? null, s: s[i] ?? 0, e: e === undefined ? undefined : e[i] });
  }
}

function columns({ group, points }: MergedGroup): Series {
  const ascending = [...points.values()].sort((a, b) => a.t - b.t);
  const series: Series = {
    group,
    t: ascending.map(({ t }) => t),
    v: ascending.map(({ v }) => v),
    s: ascending.map(({ s }) => s),
  };
  if (ascending.some(({ e }) => e !== undefined)) series.e = ascending.map(({ e }) => e ?? null);
  return series;
}
