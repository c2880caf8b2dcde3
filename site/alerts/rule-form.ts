import type { AlertSource } from "../../protocol/alert.ts";
import type { Threshold } from "../../protocol/panel-marks.ts";
import { groupsText, parseGroups } from "../on-demand/group-text.ts";

export const COMPARISONS = [">", ">=", "<", "<=", "no data"] as const;

/** A rule as it is being written: all text. */
export interface RuleForm {
  name: string;
  metric: string;
  comparison: string;
  bound: string;
  for: string;
  groups: string;
  webhook: string;
}

/** A form with what a rule says. */
export function formOf(rule: AlertSource): RuleForm {
  const [, comparison = "", bound = ""] = /^(>=|<=|>|<)\s*(.*)$/.exec(rule.condition.trim()) ?? [];
  return {
    name: rule.name,
    metric: rule.metric,
    comparison: comparison === "" ? "no data" : comparison,
    bound,
    for: rule.for ?? "",
    groups: groupsText(rule.groups),
    webhook: rule.webhook ?? "",
  };
}

/** The rule that a form says, or what cannot be read of its groups: all else the server judges. */
export function ruleOf(form: RuleForm): { rule: AlertSource; fault: string | undefined } {
  const { groups, fault } = parseGroups(form.groups);
  const isComparison = form.comparison !== "no data";
  const rule: AlertSource = {
    name: form.name.trim(),
    metric: form.metric,
    condition: isComparison ? `${form.comparison} ${form.bound.trim()}` : "no data",
  };
  if (form.for.trim() !== "") rule.for = form.for.trim();
  if (groups !== undefined) rule.groups = groups;
  if (form.webhook.trim() !== "") rule.webhook = form.webhook.trim();
  return { rule, fault };
}

/** The line that a condition draws; undefined: it has no bound. */
export function thresholdOf(condition: string, label?: string): Threshold | undefined {
  const [, comparison, bound] = /^(>|<)=?\s*(\S+)$/.exec(condition.trim()) ?? [];
  const value = Number(bound);
  if (comparison === undefined || bound === undefined || !Number.isFinite(value)) return undefined;
  const threshold: Threshold = { value, tone: "critical", when: comparison === ">" ? "above" : "below" };
  return label === undefined ? threshold : { ...threshold, label };
}
