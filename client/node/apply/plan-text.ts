import type { Applied } from "./apply-steps.ts";
import type { ChangedField } from "../../../protocol/changed-fields.ts";
import type { Definition, Kind } from "./definition.ts";
import type { Plan, Step } from "./plan.ts";

const SIGNS = { create: "+", change: "~", delete: "-" } as const;
const PAST = { create: "created", change: "changed", delete: "deleted" } as const;
const KINDS: readonly Kind[] = ["metric", "view", "dashboard", "alert"];
const LONGEST_VALUE = 100;

/** The plan for people, one line a definition and one a field that changes. */
export function planText({ steps, unchanged, unlisted }: Plan): string {
  const lines = steps.flatMap(stepLines);
  if (unchanged.length > 0) lines.push(`= unchanged: ${counted(unchanged)}`);
  if (unlisted.length > 0) lines.push(`  in no file, and kept: ${counted(unlisted)} (--prune deletes them)`);
  const actions = (["create", "change", "delete"] as const).flatMap((action) => {
    const count = steps.filter((step) => step.action === action).length;
    return count === 0 ? [] : [`${count} to ${action}`];
  });
  lines.push("", actions.length === 0 ? "Nothing to change." : `${actions.join(", ")}.`);
  return `${lines.join("\n")}\n`;
}

/** A step that was taken. */
export function doneText({ action, definition: { kind, name } }: Step): string {
  return `${PAST[action]} ${kind} ${name}\n`;
}

/** What became of the steps; after a failure also what did not happen. */
export function appliedText({ done, failure, left }: Applied): string {
  if (failure === undefined) return `\nDone: ${done.length} applied.\n`;
  const failed = `${SIGNS[failure.step.action]} ${named(failure.step)}`;
  return `${[
    `\nFailed: ${failure.message}`,
    `Applied: ${done.length}. Not applied, or not known to be: ${left.length + 1}:`,
    ...[failed, ...left.map((step) => `${SIGNS[step.action]} ${named(step)}`)].map((line) => `  ${line}`),
    "Applied again, it goes on where it stopped.",
  ].join("\n")}\n`;
}

function stepLines(step: Step): string[] {
  const head = `${SIGNS[step.action]} ${step.action} ${named(step)}`;
  if (step.action !== "change") return [head];
  const note = noteOn(step.before, step);
  return [note === undefined ? head : `${head}: ${note}`, ...step.fields.map(fieldLine)];
}

function noteOn(before: Definition, { definition, effect }: Step & { action: "change" }): string | undefined {
  if (before.kind !== definition.kind) return `it was a ${before.kind}`;
  return effect === "begins anew"
    ? "begins anew: open windows are sealed, earlier points are forgotten"
    : effect;
}

function fieldLine({ path, before, after }: ChangedField): string {
  return `    ${path}: ${shown(before)} → ${shown(after)}`;
}

function shown(value: unknown): string {
  if (value === undefined) return "(none)";
  const text = JSON.stringify(value);
  return text.length <= LONGEST_VALUE ? text : `${text.slice(0, LONGEST_VALUE - 1).toWellFormed()}…`;
}

function named({ definition: { kind, name } }: Step): string {
  return `${kind} ${name}`;
}

function counted(definitions: readonly Definition[]): string {
  const counts = KINDS.map((kind) => [kind, definitions.filter((one) => one.kind === kind).length] as const);
  return counts
    .filter(([, count]) => count > 0)
    .map(([kind, count]) => `${count} ${kind}${count === 1 ? "" : "s"}`)
    .join(", ");
}
