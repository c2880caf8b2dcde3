import type { Group } from "../../protocol/series.ts";

/** Groups as people write them: one a line, `campaign: autumn, country: DE`. */
export function groupsText(groups: readonly Group[] | undefined): string {
  return (groups ?? []).map(groupText).join("\n");
}

export function groupText(group: Group): string {
  return Object.entries(group)
    .map(([key, value]) => `${key}: ${value}`)
    .join(", ");
}

/** What {@link groupsText} wrote; undefined: none are given. A line that is no group is told. */
export function parseGroups(text: string): { groups: Group[] | undefined; fault: string | undefined } {
  const groups: Group[] = [];
  for (const line of text.split("\n").filter((each) => each.trim() !== "")) {
    const pairs = line.split(",").map((pair) => /^\s*([^:=]+?)\s*[:=]\s*(.*?)\s*$/.exec(pair));
    if (!pairs.every((pair) => pair !== null)) {
      return { groups: undefined, fault: `'${line.trim()}' is no group; expected campaign: autumn` };
    }
    groups.push(Object.fromEntries(pairs.map(([, key = "", value = ""]) => [key, value])));
  }
  return { groups: groups.length === 0 ? undefined : groups, fault: undefined };
}
