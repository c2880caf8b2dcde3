import { describe, isObject } from "./result.ts";

/** A point's state on the wire: open, closed by the watermark, changed after that, never to change again. */
export const POINT_STATE = { provisional: 0, final: 1, revised: 2, sealed: 3 } as const;
export type PointState = (typeof POINT_STATE)[keyof typeof POINT_STATE];

/** The values of a metric's `groupBy` keys; empty for a metric without one. An absent prop is "". */
export type Group = Record<string, string>;

/** Whether `value` is a list of groups, or of matchers that name some of a group's keys. */
export function isGroupList(value: unknown): value is Group[] {
  return groupListFault(value, "groups") === undefined;
}

/** What of `value`, the field of this name, is no list of groups; undefined: it is one. */
export function groupListFault(value: unknown, field: string): string | undefined {
  if (!Array.isArray(value)) {
    return `${field} is ${describe(value)}; expected a list of objects such as {"campaign":"a"}`;
  }
  for (const [index, group] of value.entries()) {
    const at = `${field}[${index}]`;
    if (!isObject(group)) return `${at} is ${describe(group)}; expected an object such as {"campaign":"a"}`;
    const wrong = Object.entries(group).find(([, each]) => typeof each !== "string");
    if (wrong !== undefined) return `${at}.${wrong[0]} is ${describe(wrong[1])}; expected a string`;
  }
  return undefined;
}

/** Reads a list of groups that is not empty: left out it would mean all. */
export function parseGroups(value: unknown): { groups: Group[] } | { fault: string } {
  const fault = groupListFault(value, "groups");
  if (fault !== undefined) return { fault };
  const groups = value as Group[];
  if (groups.length > 0) return { groups };
  return { fault: 'groups is empty; expected a list of objects such as {"campaign":"a"}' };
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
