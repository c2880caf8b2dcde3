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

/** Steps that were taken. */
export function appliedText(steps: readonly Step[]): string {
  const done = steps.map((step) => `${PAST[step.action]} ${named(step)}\n`).join("");
  return `\n${done}\nDone: ${steps.length} applied.\n`;
}

/** What became of steps that failed: they are taken together. Without an answer nobody knows. */
export function failedText(message: string, isRefused: boolean): string {
  const outcome = isRefused
    ? "Nothing was changed: all is applied, or nothing."
    : "It is not known whether that was applied: all of it, or nothing. It can be applied again.";
  return `\nFailed: ${message}\n${outcome}\n`;
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
