import type { AlertRule } from "../../protocol/alert.ts";

/** What one window of one group came to when it became final; undefined: no value. */
export interface FinalPoint {
  end: number;
  key: string;
  value: number | undefined;
}

export interface ExpectedAlert {
  rule: string;
  type: "fired" | "resolved";
  key: string;
  end: number;
}

interface Given {
  finals: readonly FinalPoint[];
  everyMs: number;
  /** Whether a window without events is a zero. */
  emptyIsZero: boolean;
  /** The first and the last window that the rule looks at, by their ends. */
  firstEnd: number;
  lastEnd: number;
}

/**
 * What a rule on a metric that is grouped by one prop, `g`, ought to tell, window by window: whether an alert is active is worked out anew for each window from all the windows before.
 */
export function alertOracle(rule: AlertRule, given: Given): ExpectedAlert[] {
  const named = rule.groups?.map(({ g }) => g ?? "");
  const keys = new Set([...(named ?? []), ...given.finals.map(({ key }) => key)]);
  return [...keys]
    .filter((key) => named === undefined || named.includes(key))
    .flatMap((key) => ofGroup(rule, key, named !== undefined, given));
}

function ofGroup(rule: AlertRule, key: string, isNamed: boolean, given: Given): ExpectedAlert[] {
  const { finals, everyMs, emptyIsZero, firstEnd, lastEnd } = given;
  const values = new Map(finals.filter((point) => point.key === key).map(({ end, value }) => [end, value]));
  const isZero = emptyIsZero && rule.condition.type !== "no_data";
  const seen = Math.min(...values.keys());
  const ends: number[] = [];
  for (let end = isNamed ? firstEnd : seen; end <= lastEnd; end += everyMs) ends.push(end);
  const met = ends.map((end) => meets(rule, values.has(end) ? values.get(end) : isZero ? 0 : undefined));
  const alerts: ExpectedAlert[] = [];
  let wasActive = false;
  for (const [i, end] of ends.entries()) {
    const runBegin = ends[met.lastIndexOf(false, i) + 1] ?? Number.POSITIVE_INFINITY;
    const isActive: boolean = met[i] === true && (wasActive || end - runBegin >= rule.forMs);
    if (isActive !== wasActive) {
      alerts.push({ rule: rule.name, type: isActive ? "fired" : "resolved", key, end });
    }
    wasActive = isActive;
  }
  return alerts;
}

function meets({ condition }: AlertRule, value: number | undefined): boolean {
  if (condition.type === "no_data" || value === undefined)
    return condition.type === "no_data" && value === undefined;
  const { bound } = condition;
  return { ">": value > bound, ">=": value >= bound, "<": value < bound, "<=": value <= bound }[
    condition.comparison
  ];
}
