import type { CatalogChangeRequest } from "../../../protocol/catalog-change.ts";
import { isSameJson } from "../../../protocol/changed-fields.ts";
import { type Definition, shelfOf, storedDefinition } from "./definition.ts";
import type { Step } from "./plan.ts";

/** What the catalog has of a name by now: nothing, or a definition with its entity tag, as far as nobody on the way has taken that. */
export interface StoredNow {
  definition?: { name: string };
  tag?: string;
}

/**
 * A step as the catalog takes it, on condition that it still has what the plan was made of. What has come to be as it shall
 * be is in nobody's way: an earlier request may have been carried out, its answer lost.
 *
 * @returns a sentence where somebody else has changed it.
 */
export function conditionalChange(step: Step, now: StoredNow): CatalogChangeRequest | string {
  const { definition } = step;
  const kind = shelfOf(definition);
  const { name } = definition;
  const change: CatalogChangeRequest =
    step.action === "delete" ? { kind, name, delete: true } : { kind, name, put: definition.source };
  if (now.definition === undefined) {
    if (step.action === "delete") return change;
    return step.action === "create" ? { ...change, ifNoneMatch: "*" } : overtaken(definition, "deleted");
  }
  const { source } = storedDefinition(kind, now.definition);
  const before = beforeOf(step);
  const isPlanned = before !== undefined && isSameJson(source, before.source);
  const isDone = step.action !== "delete" && isSameJson(source, definition.source);
  if (!isPlanned && !isDone) return overtaken(definition, before === undefined ? "made" : "changed");
  return now.tag === undefined ? change : { ...change, ifMatch: now.tag };
}

function beforeOf(step: Step): Definition | undefined {
  if (step.action === "create") return undefined;
  return step.action === "change" ? step.before : step.definition;
}

function overtaken({ kind, name }: Definition, what: string): string {
  return `the ${kind} '${name}' was ${what} by somebody else since it was read; apply again to see what differs now`;
}
