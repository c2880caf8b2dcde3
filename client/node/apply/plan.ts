import { meansTheSame } from "../../../protocol/metric.ts";
import { type ChangedField, changedFields } from "../../../protocol/changed-fields.ts";
import { type Definition, keyOf, type Kind } from "./definition.ts";

/** What a change does to a metric's windows: [M1] of SPEC.md. */
export type Effect = "goes on" | "begins anew";

/** One request to the catalog. */
export type Step =
  | { action: "create"; definition: Definition }
  | { action: "change"; definition: Definition; before: Definition; fields: ChangedField[]; effect?: Effect }
  | { action: "delete"; definition: Definition };

export interface Plan {
  /** In an order in which nothing is missing on the way. */
  steps: Step[];
  unchanged: Definition[];
  /** What the server has and no file defines, where that is kept. */
  unlisted: Definition[];
}

const PUT_ORDER: readonly Kind[] = ["metric", "view", "dashboard", "alert"];

/** What makes the server, which holds `stored`, have what is wanted. */
export function planOf(wanted: readonly Definition[], stored: readonly Definition[], prune: boolean): Plan {
  const before = new Map(stored.map((definition) => [keyOf(definition), definition]));
  const listed = new Set(wanted.map(keyOf));
  const unlisted = stored.filter((definition) => !listed.has(keyOf(definition)));
  const compared = wanted.map((definition) => stepFor(definition, before.get(keyOf(definition))));
  const deletions = unlisted.map((definition): Step => ({ action: "delete", definition }));
  return {
    steps: [...compared.filter((step) => step !== undefined), ...(prune ? deletions : [])].sort(
      (a, b) => rank(a) - rank(b),
    ),
    unchanged: wanted.filter((_, i) => compared[i] === undefined),
    unlisted: prune ? [] : unlisted,
  };
}

function stepFor(definition: Definition, before: Definition | undefined): Step | undefined {
  if (before === undefined) return { action: "create", definition };
  const fields = changedFields(before.source, definition.source);
  if (fields.length === 0) return undefined;
  const effect = effectOf(before, definition);
  return { action: "change", definition, before, fields, ...(effect && { effect }) };
}

/** A view has no windows of its own. What this version cannot read is taken for something else. */
function effectOf(before: Definition, after: Definition): Effect | undefined {
  if (after.metric === undefined || before.kind !== "metric") return undefined;
  const goesOn = before.metric !== undefined && meansTheSame(after.metric.name, before.source, after.source);
  return goesOn ? "goes on" : "begins anew";
}

/** What is computed or drawn from others comes after them, and goes before them. */
function rank({ action, definition }: Step): number {
  const place = PUT_ORDER.indexOf(definition.kind);
  return action === "delete" ? 2 * PUT_ORDER.length - place : place;
}
