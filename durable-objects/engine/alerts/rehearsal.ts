import { type AlertEpisode, type AlertRule, conditionText } from "../../../protocol/alert.ts";
import type { Metric } from "../../../protocol/metric.ts";
import { POINT_STATE, type Series } from "../../../protocol/series.ts";
import { groupOf, keyOf, matchesGroups, otherKey } from "../group-key.ts";
import { ZERO_WHEN_EMPTY } from "../views.ts";
import { floorTo } from "../windows.ts";
import { ClosedWindows } from "./metric-points.ts";
import { type GroupTransition, RuleGroups } from "./rule-groups.ts";

/** Points to try a rule on. */
export interface RehearsalInput {
  /** The metric, or what a view is computed from first. */
  metric: Metric;
  isView: boolean;
  series: readonly Series[];
  /** Windows that end after `fromMs` are looked at, up to the newest that is final. */
  fromMs: number;
  /** Windows that end by then are final, those without a point too; epoch ms. */
  toMs: number;
}

/** What a rule would have fired over past points, as they are now, the oldest first. */
export function rehearse(
  rule: AlertRule,
  { metric, isView, series, fromMs, toMs }: RehearsalInput,
): AlertEpisode[] {
  const { groupBy, window, aggregate } = metric;
  const closed = new ClosedWindows();
  let openEnd = Number.POSITIVE_INFINITY;
  for (const { group, t, v, s } of series) {
    const key = keyOf(groupBy, group);
    const isMeant = rule.groups === undefined ? isNamed(metric, key) : matchesGroups(group, rule.groups);
    for (const [i, end] of t.entries()) {
      if (s[i] === POINT_STATE.provisional) openEnd = Math.min(openEnd, end);
      if (!isMeant || end <= fromMs || s[i] === POINT_STATE.provisional) continue;
      closed.add(end, key, v[i] ?? null);
    }
  }
  let episodes = 0;
  const groups = new RuleGroups({
    condition: rule.condition,
    forMs: rule.forMs,
    everyMs: window.everyMs,
    emptyValue: !isView && ZERO_WHEN_EMPTY.has(aggregate.fn) ? 0 : undefined,
    named: (rule.groups ?? (groupBy.length === 0 ? [{}] : []))
      .filter((group) => groupBy.every((name) => name in group))
      .map((group) => keyOf(groupBy, group)),
    nextEpisode: () => ++episodes,
  });
  const transitions: GroupTransition[] = [];
  let cursor = floorTo(fromMs, window.everyMs);
  for (const { end, values } of closed.take()) {
    transitions.push(...groups.closeEmpty(cursor + window.everyMs, end - window.everyMs));
    transitions.push(...groups.close(end, values));
    cursor = end;
  }
  const finalEnd = Math.min(toMs, openEnd - 1);
  transitions.push(...groups.closeEmpty(cursor + window.everyMs, floorTo(finalEnd, window.everyMs)));
  return episodesOf(rule, groupBy, transitions);
}

function isNamed({ groupBy }: Metric, key: string): boolean {
  return groupBy.length === 0 || key !== otherKey(groupBy);
}

function episodesOf(
  rule: AlertRule,
  groupBy: readonly string[],
  transitions: readonly GroupTransition[],
): AlertEpisode[] {
  const episodes = new Map<number, AlertEpisode>();
  for (const { type, key, episode, end, value } of transitions) {
    const fired = episodes.get(episode);
    if (type === "fired") {
      episodes.set(episode, {
        alert: rule.name,
        metric: rule.metric,
        group: groupOf(groupBy, key),
        condition: conditionText(rule.condition),
        firedAt: end,
        firedValue: value,
        resolvedAt: null,
        resolvedValue: null,
      });
    } else if (fired !== undefined) {
      Object.assign(fired, { resolvedAt: end, resolvedValue: value });
    }
  }
  return [...episodes.values()];
}
