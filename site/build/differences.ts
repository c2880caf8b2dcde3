import { type ChangedField, changedFields, isSameJson } from "../../protocol/changed-fields.ts";
import type { Dashboard, Panel } from "../../protocol/dashboard.ts";

/** Where two versions of a definition differ; undefined where it is not there. */
export interface Difference {
  /** The panel's title; undefined: it is of the definition itself. */
  panel?: string;
  /** The field, as it is called in JSON; undefined: the whole panel. */
  field?: string;
  theirs: string | undefined;
  mine: string | undefined;
}

const LONGEST_VALUE = 120;
/** What is seen of a long value before it begins to differ. */
const LEAD = 24;

/** What differs between a definition as somebody else has saved it and one's own. */
export function differencesOf(theirs: object, mine: object): Difference[] {
  if (!isDashboard(theirs) || !isDashboard(mine)) return changedFields(theirs, mine).map(fieldDifference);
  const own = changedFields({ ...theirs, panels: [] }, { ...mine, panels: [] }).map(fieldDifference);
  return [...own, ...panelDifferences(theirs.panels, mine.panels)];
}

function isDashboard(definition: object): definition is Dashboard {
  return "panels" in definition;
}

function fieldDifference({ path, before, after }: ChangedField): Difference {
  return { field: path, ...excerpts(valueText(before), valueText(after)) };
}

/** Panels have no names: which is which is told by what they have in common. */
function panelDifferences(theirs: readonly Panel[], mine: readonly Panel[]): Difference[] {
  const pairs = pairsOf(theirs, mine);
  const moved = movedIn(pairs);
  const changed = pairs.flatMap(([a, b]): Difference[] => {
    const [was, is] = [theirs[a], mine[b]];
    if (was === undefined || is === undefined) return [];
    const fields = changedFields(was, is).map(fieldDifference);
    if (moved.has(a)) fields.push({ field: "place", theirs: String(a + 1), mine: String(b + 1) });
    return fields.map((each) => ({ panel: was.title, ...each }));
  });
  const removed = theirs
    .filter((_, i) => !pairs.some(([a]) => a === i))
    .map((panel) => ({ panel: panel.title, theirs: panelText(panel), mine: undefined }));
  const added = mine
    .filter((_, i) => !pairs.some(([, b]) => b === i))
    .map((panel) => ({ panel: panel.title, theirs: undefined, mine: panelText(panel) }));
  return [...changed, ...removed, ...added];
}

/** What two panels have in common that are the same one, from the surest sign on. */
const SIGNS: readonly ((a: Panel, b: Panel) => boolean)[] = [
  isSameJson,
  (a, b) => a.title === b.title && a.metric === b.metric && a.kind === b.kind,
  (a, b) => a.title === b.title,
  (a, b) => a.metric === b.metric && a.kind === b.kind,
];

/** Places of the panels that both have, in the order of theirs. */
function pairsOf(theirs: readonly Panel[], mine: readonly Panel[]): [theirs: number, mine: number][] {
  const placeOf = new Map<number, number>();
  const taken = new Set<number>();
  for (const isSame of SIGNS) {
    for (const [a, panel] of theirs.entries()) {
      if (placeOf.has(a)) continue;
      const b = mine.findIndex((each, i) => !taken.has(i) && isSame(panel, each));
      if (b < 0) continue;
      placeOf.set(a, b);
      taken.add(b);
    }
  }
  return [...placeOf].sort(([a], [b]) => a - b);
}

/** The fewest panels whose moves explain the order: those without which the others stand as they stood. */
function movedIn(pairs: readonly [theirs: number, mine: number][]): Set<number> {
  /** Of each pair, the longest row of pairs that ends with it and keeps its order. */
  const rows: number[][] = [];
  for (const [i, [, place]] of pairs.entries()) {
    const before = rows.filter((_, j) => (pairs[j]?.[1] ?? place) < place);
    rows[i] = [...longest(before), i];
  }
  const kept = new Set(longest(rows));
  return new Set(pairs.flatMap(([a], i) => (kept.has(i) ? [] : [a])));
}

function longest(rows: readonly number[][]): number[] {
  return rows.reduce((best, row) => (row.length > best.length ? row : best), []);
}

function panelText({ kind, metric, width, height }: Panel): string {
  return `${kind} of ${metric}, ${width} × ${height}`;
}

function valueText(value: unknown): string | undefined {
  return value === undefined || typeof value === "string" ? value : JSON.stringify(value);
}

/** Of values too long to be shown, what shows where they differ. */
function excerpts(theirs: string | undefined, mine: string | undefined): Pick<Difference, "theirs" | "mine"> {
  if ((theirs ?? "").length <= LONGEST_VALUE && (mine ?? "").length <= LONGEST_VALUE) return { theirs, mine };
  let same = 0;
  if (theirs !== undefined && mine !== undefined) {
    while (same < theirs.length && theirs[same] === mine[same]) same++;
  }
  const start = Math.max(0, same - LEAD);
  const cut = (text: string): string => {
    const end = start + LONGEST_VALUE;
    const part = text.slice(start, end).toWellFormed();
    return `${start > 0 ? "…" : ""}${part}${text.length > end ? "…" : ""}`;
  };
  return { theirs: theirs && cut(theirs), mine: mine && cut(mine) };
}
