import type { Panel, Variable } from "../../protocol/dashboard.ts";
import type { Group } from "../../protocol/series.ts";
import type { DrawnMetric } from "./traits.ts";

/** Where an address keeps a variable's value. */
export const VARIABLE_PREFIX = "var.";
/** The values that an address gives to variables. */
export function chosenValues(text: string, variables: readonly Variable[]): Map<string, string> {
  const params = new URLSearchParams(text);
  const found = variables.map(({ name }) => [name, params.get(VARIABLE_PREFIX + name)] as const);
  return new Map(found.filter((entry): entry is [string, string] => entry[1] !== null));
}

/** A panel's groups, held to the values of those variables that its metric is grouped by. */
export function narrowedGroups(
  { groups }: Panel,
  metric: DrawnMetric | undefined,
  values: ReadonlyMap<string, string>,
): Group[] | undefined {
  const keys = metric?.groupBy ?? [];
  const held = Object.fromEntries([...values].filter(([name]) => keys.includes(name)));
  if (Object.keys(held).length === 0) return groups;
  return (groups ?? [{}]).map((group) => ({ ...group, ...held }));
}
