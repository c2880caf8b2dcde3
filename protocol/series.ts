import { isObject } from "./result.ts";

/** A point's state on the wire: open, closed by the watermark, changed after that, never to change again. */
export const POINT_STATE = { provisional: 0, final: 1, revised: 2, sealed: 3 } as const;
export type PointState = (typeof POINT_STATE)[keyof typeof POINT_STATE];

/** The values of a metric's `groupBy` keys; empty for a metric without one. An absent prop is "". */
export type Group = Record<string, string>;

/** Whether `value` is a list of groups, or of matchers that name some of a group's keys. */
export function isGroupList(value: unknown): value is Group[] {
  return (
    Array.isArray(value) &&
    value.every((group) => isObject(group) && Object.values(group).every((v) => typeof v === "string"))
  );
}

/**
 * Points of one group, in columns of equal length, ascending in `t`.
 * `t`: each window's end, epoch ms. `v`: the aggregate's value; null where a point told before
 * is no more. `s`: see {@link POINT_STATE}. `e`, of rankings only: by how much `v` may be too high.
 */
export interface Series {
  group: Group;
  t: number[];
  v: (number | null)[];
  s: PointState[];
  e?: (number | null)[];
}

/** Which store answered for which span of `[from, to]`, epoch ms. */
export interface TierSpan {
  tier: "live" | "hot" | "cold";
  from: number;
  to: number;
}

/** What `GET /v1/query` answers. */
export interface QueryAnswer {
  metric: string;
  series: Series[];
  tiers: TierSpan[];
  /** Of an answer in pages: what `from` of the next one is, epoch ms; absent: it was the last. */
  next?: number;
}
