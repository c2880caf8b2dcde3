import { itemisedName, itemLabel } from "./aggregate-spec.ts";
import { LIMITS, utf8Length } from "./limits.ts";
import type { Metric } from "./metric.ts";
import { describe, fail, isObject, ok, type Result } from "./result.ts";
import { type Group, parseGroups } from "./series.ts";
import type { Silence } from "./silence.ts";
import { parseDuration } from "./time.ts";
import { inputsOf, type View } from "./view.ts";

/** A rule as it was defined: what `PUT /v1/catalog/alerts/{name}` takes and `GET` gives back. */
export interface AlertSource {
  name: string;
  /** A metric, or a view. */
  metric: string;
  /** `> 5`, `>= 5`, `< 5`, `<= 5` or `no data`. */
  condition: string;
  /** How long it has to hold: a duration; absent: one window is enough. */
  for?: string;
  /** Only groups that match one of these; absent: each group by itself, but for `__other__`. */
  groups?: Group[];
  /** Where notifications are posted to; absent: nowhere, the dashboard shows them. */
  webhook?: string;
}

export type Comparison = ">" | ">=" | "<" | "<=";

export type AlertCondition = { type: "compare"; comparison: Comparison; bound: number } | { type: "no_data" };

/** A rule in the engine's terms. */
export interface AlertRule {
  name: string;
  metric: string;
  condition: AlertCondition;
  forMs: number;
  groups?: Group[];
  webhook?: string;
}

/** Why an alert was resolved other than by a window in which its condition did not hold. */
export type ResolveReason = "rule_changed" | "rule_deleted" | "metric_changed" | "group_forgotten";

/** What is posted to a webhook. All times are ends of windows, epoch ms. */
export interface AlertNotification {
  /** The same in every repeat: whoever has seen it may drop it. */
  id: string;
  type: "alert.fired" | "alert.resolved";
  /** The same in what fired and what was resolved. */
  episode: string;
  project: string;
  alert: string;
  metric: string;
  group: Group;
  condition: string;
  for: string;
  /** The value that fired it, or that was within bounds again; null: there was none. */
  value: number | null;
  firedAt: number;
  resolvedAt?: number;
  reason?: ResolveReason;
  /** Of what fired in a silence: when that ended, by the clock, epoch ms. */
  silencedUntil?: number;
}

/** One alert of one group, from its firing on. Times are ends of windows, epoch ms. */
export interface AlertEpisode {
  alert: string;
  metric: string;
  group: Group;
  condition: string;
  firedAt: number;
  firedValue: number | null;
  /** null: it is firing. */
  resolvedAt: number | null;
  resolvedValue: number | null;
  reason?: ResolveReason;
  /** It fired in a silence. */
  silenced?: true;
  /** When that silence ended and it was still firing, so that it was told then: by the clock, epoch ms. */
  toldAt?: number;
}

/** How a rule stands. */
export interface AlertState {
  alert: string;
  state: "ok" | "pending" | "firing";
  /** Groups that fire, and groups whose condition holds, but not for long enough yet. */
  firing: number;
  pending: number;
  /** Groups of those that fire that nobody has been told of, because of a silence. */
  silenced: number;
  /** The last window that was looked at, by its end, epoch ms; null: none yet. */
  evaluatedTo: number | null;
  /** Times that a group was left out because the rule follows as many as it may. */
  untracked: number;
  /** Notifications that wait for the webhook. */
  waiting: number;
  /** Why it did not take the last one: `timeout`, `unreachable`, `private_address` or `status_500`. */
  failure?: string;
}

/** What `POST /v1/alerts/preview` answers: what a rule would have fired over the points of `[from, to]`. */
export interface AlertPreview {
  from: number;
  to: number;
  /** The oldest first. */
  episodes: AlertEpisode[];
  truncated: boolean;
}

/** What `GET /v1/alerts` answers: rules as they stand, silences in force, and what was firing in `[from, to]`, newest first. */
export interface AlertsAnswer {
  from: number;
  to: number;
  rules: AlertState[];
  /** Those that end first come first. */
  silences: Silence[];
  episodes: AlertEpisode[];
  /** Whether there were more than an answer holds. */
  truncated: boolean;
  /** Where there were more: with this as `cursor` the same question goes on. */
  cursor?: string;
}

const FIELDS = ["name", "metric", "condition", "for", "groups", "webhook"];
const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,63}$/;
const CONDITION = /^(>=|<=|>|<)\s*(-?(?:\d{1,22}(?:\.\d{1,22})?|\.\d{1,22})(?:[eE][+-]?\d{1,3})?)$/;
const MOST_FOR_MS = 7 * 86_400_000;

/** Checks a rule as far as it goes without its metric; the message names the field, what it holds and what was expected. */
export function parseAlert(name: string, raw: unknown): Result<AlertRule> {
  if (!isObject(raw)) return bad(`the alert is ${describe(raw)}; expected an object`);
  if (!NAME.test(name)) {
    return bad(`the alert's name is ${describe(name)}; expected letters, digits, _ . -, at most 64`);
  }
  if (raw["name"] !== undefined && raw["name"] !== name) {
    return bad(`name is ${describe(raw["name"])}; the path says '${name}'`);
  }
  const odd = Object.keys(raw).find((field) => !FIELDS.includes(field));
  if (odd !== undefined) return bad(`unknown field ${describe(odd)}; expected ${FIELDS.join(", ")}`);
  const { metric } = raw;
  if (typeof metric !== "string" || metric === "") {
    return bad(`metric is ${describe(metric)}; expected the name of a metric or view`);
  }
  const condition = parseAlertCondition(raw["condition"]);
  if (!condition.ok) return condition;
  const forMs = raw["for"] === undefined ? 0 : parseDuration(raw["for"]);
  if (forMs === undefined || forMs > MOST_FOR_MS) {
    return bad(`for is ${describe(raw["for"])}; expected a duration such as '5m', at most 7d`);
  }
  return withTargets(raw, { name, metric, condition: condition.value, forMs });
}

function withTargets(raw: Record<string, unknown>, rule: AlertRule): Result<AlertRule> {
  const { webhook } = raw;
  if (raw["groups"] !== undefined) {
    const parsed = parseGroups(raw["groups"]);
    if ("fault" in parsed) return bad(parsed.fault);
    const { groups } = parsed;
    if (groups.length > LIMITS.alertMatchers) {
      return bad(`groups has ${groups.length} entries; the bound is ${LIMITS.alertMatchers}`);
    }
    rule.groups = groups;
  }
  if (webhook !== undefined) {
    if (typeof webhook !== "string" || !/^https?:\/\/[^\s/]/i.test(webhook)) {
      const expected = "expected an address such as https://example.com/hooks/freshet";
      return bad(`webhook is ${describe(webhook)}; ${expected}`);
    }
    if (webhook.length > LIMITS.webhookCharacters) {
      return bad(`webhook has ${webhook.length} characters; the bound is ${LIMITS.webhookCharacters}`);
    }
    rule.webhook = webhook;
  }
  return ok(rule);
}

/** Reads `> 5` or `no data`. */
export function parseAlertCondition(raw: unknown): Result<AlertCondition> {
  const expected = "expected '> 5', '>= 5', '< 5', '<= 5' or 'no data'";
  if (typeof raw !== "string") return bad(`condition is ${describe(raw)}; ${expected}`);
  const text = raw.trim();
  if (text === "no data") return ok({ type: "no_data" });
  const match = CONDITION.exec(text);
  const bound = Number(match?.[2] ?? Number.NaN);
  if (match === null || !Number.isFinite(bound)) return bad(`condition is ${describe(raw)}; ${expected}`);
  return ok({ type: "compare", comparison: match[1] as Comparison, bound });
}

/** Whether a window's value meets the condition; undefined: it has none. A comparison needs one. */
export function meetsCondition(condition: AlertCondition, value: number | undefined): boolean {
  if (condition.type === "no_data") return value === undefined;
  if (value === undefined) return false;
  switch (condition.comparison) {
    case ">":
      return value > condition.bound;
    case ">=":
      return value >= condition.bound;
    case "<":
      return value < condition.bound;
    case "<=":
      return value <= condition.bound;
  }
}

export function conditionText(condition: AlertCondition): string {
  return condition.type === "no_data" ? "no data" : `${condition.comparison} ${condition.bound}`;
}

/** Whether an alert that fires by one rule goes on firing by the other: only where it is posted to may differ. */
export function alertsAlike(a: AlertRule, b: AlertRule): boolean {
  const text = (rule: AlertRule) => JSON.stringify({ ...rule, webhook: undefined });
  return text(a) === text(b);
}

/** The metrics and views of a project. */
export interface AlertInputs {
  metricOf: (name: string) => Metric | undefined;
  viewOf: (name: string) => View | undefined;
}

/** What keeps a rule from being evaluated over these metrics. */
export function alertFault(rule: AlertRule, { metricOf, viewOf }: AlertInputs): string | undefined {
  const view = viewOf(rule.metric);
  const inputs = view === undefined ? [rule.metric] : inputsOf(view);
  for (const input of inputs) {
    const metric = metricOf(input);
    if (metric === undefined) return `metric is '${rule.metric}'; there is no metric or view of this name`;
    if (itemLabel(metric.aggregate) !== undefined)
      return `the metric '${input}' is ${itemisedName(metric.aggregate)}; expected one of a value, such as a count by group`;
    if (view !== undefined && metric.shards > 1) {
      return `the view '${view.name}' is of '${input}', which is split over ${metric.shards} objects: no object sees all of it`;
    }
  }
  const metric = metricOf(inputs[0] ?? "");
  return metric && groupsFault(rule, metric);
}

function groupsFault(rule: AlertRule, { name, groupBy, shards }: Metric): string | undefined {
  for (const [index, group] of (rule.groups ?? []).entries()) {
    const odd = Object.keys(group).find((key) => !groupBy.includes(key));
    if (odd !== undefined) {
      const grouped = groupBy.length === 0 ? "not grouped" : `grouped by ${groupBy.join(", ")}`;
      return `groups[${index}] names '${odd}', but the metric '${name}' is ${grouped}`;
    }
    if (shards > 1 && Object.values(group).includes("__other__")) {
      return `groups[${index}] is of __other__, of which each object of the split metric '${name}' has a part`;
    }
    for (const value of Object.values(group)) {
      const bytes = utf8Length(value);
      if (bytes > LIMITS.stringBytes) {
        return `groups[${index}] has a value of ${bytes} bytes; the bound is ${LIMITS.stringBytes}`;
      }
    }
  }
  return undefined;
}

function bad(message: string): { ok: false; reason: string; message: string } {
  return fail("alert", message);
}
