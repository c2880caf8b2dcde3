import type { Group } from "../../protocol/series.ts";

/** What the server calls the groups that were too many to keep apart. */
const OTHER = "__other__";

/**
 * Names for groups, as short as tells them apart: keys that are the same in all of them are left out.
 *
 * @param whole the name of a series that has no group.
 */
export function groupLabels(groups: readonly Group[], whole: string): string[] {
  const [first] = groups;
  const keys = Object.keys(first ?? {});
  const telling = keys.filter((key) => groups.some((group) => group[key] !== first?.[key]));
  const shown = telling.length > 0 ? telling : keys;
  return groups.map((group) => shown.map((key) => namedLabel(key, group[key])).join(" · ") || whole);
}

/** A bare number says nothing without its key: core 0. */
function namedLabel(key: string, value: string | undefined): string {
  return value !== undefined && /^-?[\d.]+$/.test(value) ? `${key} ${value}` : valueLabel(value);
}

/** Embeddings, overrides and isolates: they would turn about what stands beside a name. */
const DIRECTIONS = /[\u202a-\u202e\u2066-\u2069]/g;

/** One value of a group, for people. */
export function valueLabel(value: string | undefined): string {
  if (value === undefined || value === "") return "(none)";
  return value === OTHER ? "other" : value.replace(DIRECTIONS, "\uFFFD");
}
