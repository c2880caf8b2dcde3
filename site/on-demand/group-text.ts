import type { Group } from "../../protocol/series.ts";

/** A name or value that would be read as something else: it is written, and read, as a JSON string. */
const NEEDS_QUOTES = /^["\s]|\s$|[,\p{Cc}\u2028\u2029]/u;
/** One `key: value` of a line, with the comma after it. */
const PAIR = /\s*("(?:[^"\\]|\\.)*"|[^:=,]+?)\s*[:=]\s*("(?:[^"\\]|\\.)*"|[^,]*?)\s*(?:,|$)/y;

/** Groups as people write them: one a line, `campaign: autumn, city: "New York, NY"`. */
export function groupsText(groups: readonly Group[] | undefined): string {
  return (groups ?? []).map(groupText).join("\n");
}

export function groupText(group: Group): string {
  return Object.entries(group)
    .map(([key, value]) => {
      const name = NEEDS_QUOTES.test(key) || /[:=]/.test(key) ? JSON.stringify(key) : key;
      return `${name}: ${NEEDS_QUOTES.test(value) ? JSON.stringify(value) : value}`;
    })
    .join(", ");
}

/** What {@link groupsText} wrote; undefined: none are given. A line that is no group is told. */
export function parseGroups(text: string): { groups: Group[] | undefined; fault: string | undefined } {
  const groups: Group[] = [];
  for (const line of text.split("\n").filter((each) => each.trim() !== "")) {
    const group = parseGroup(line);
    if (group === undefined) {
      const hint = line.includes(",") ? `, a value with a comma in "quotes"` : "";
      return { groups: undefined, fault: `'${line.trim()}' is no group; expected campaign: autumn${hint}` };
    }
    groups.push(group);
  }
  return { groups: groups.length === 0 ? undefined : groups, fault: undefined };
}

function parseGroup(line: string): Group | undefined {
  const entries: [string, string][] = [];
  PAIR.lastIndex = 0;
  while (PAIR.lastIndex < line.length) {
    const [, key = "", value = ""] = PAIR.exec(line) ?? [];
    if (key === "") return undefined;
    entries.push([unquoted(key), unquoted(value)]);
  }
  return Object.fromEntries(entries);
}

function unquoted(text: string): string {
  if (!text.startsWith('"')) return text;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "string" ? value : text;
  } catch {
    return text;
  }
}
