import type { Event } from "../../protocol/event.ts";
import type { Group } from "../../protocol/series.ts";
import { propOf } from "./prop-of.ts";

/** The group that further groups fold into once a window has `maxGroups` of them. */
export const OTHER_GROUP = "__other__";

/**
 * A function from an event to the key of its group: the value itself for one `groupBy` name, their JSON for
 * several, "" for none. A missing or null prop is "", as Prometheus reads a missing label.
 */
export function groupKeyOf(groupBy: readonly string[]): (event: Event) => string {
  const [first] = groupBy;
  if (first === undefined) return () => "";
  if (groupBy.length === 1) return (event) => groupValue(event, first);
  return (event) => JSON.stringify(groupBy.map((name) => groupValue(event, name)));
}

function groupValue(event: Event, name: string): string {
  if (name === "user") return event.user ?? "";
  if (name === "name") return event.name;
  const value = propOf(event, name);
  if (typeof value === "string") return value;
  return value === null || value === undefined ? "" : String(value);
}

/** The group that a key stands for. */
export function groupOf(groupBy: readonly string[], key: string): Group {
  const [first] = groupBy;
  if (first === undefined) return {};
  if (groupBy.length === 1) return { [first]: key };
  const values = JSON.parse(key) as string[];
  return Object.fromEntries(groupBy.map((name, i) => [name, values[i] ?? ""]));
}

/** The key that stands for a group. */
export function keyOf(groupBy: readonly string[], group: Group): string {
  const values = groupBy.map((name) => group[name] ?? "");
  return values.length > 1 ? JSON.stringify(values) : (values[0] ?? "");
}

/** The key of the group that takes what does not fit. */
export function otherKey(groupBy: readonly string[]): string {
  // A metric without groups has one, which never gives way to another.
  if (groupBy.length === 0) return "";
  return groupBy.length === 1 ? OTHER_GROUP : JSON.stringify(groupBy.map(() => OTHER_GROUP));
}

/** Whether `group` matches one of `matchers`, each of which may name some of its keys; none at all match all. */
export function matchesGroups(group: Group, matchers: readonly Group[] | undefined): boolean {
  if (matchers === undefined || matchers.length === 0) return true;
  return matchers.some((matcher) => Object.entries(matcher).every(([name, value]) => group[name] === value));
}
