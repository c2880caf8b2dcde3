import { type AlertRule, alertsAlike, type ResolveReason } from "../../../protocol/alert.ts";
import { groupOf, keyOf, matchesGroups } from "../group-key.ts";
import { shardOf } from "../pane-folder.ts";
import type { Share } from "../range-folder.ts";
import { ceilTo, floorTo } from "../windows.ts";
import type { ClosedWindow, WatchedMetric } from "./metric-points.ts";
import { type EncodedGroup, type GroupTransition, RuleGroups } from "./rule-groups.ts";

/** A rule, and when it was defined: it looks at windows that end after that. */
export interface DefinedAlert {
  rule: AlertRule;
  definedMs: number;
}

/** An alert that fires, or does no more, of a rule. */
export interface AlertTransition extends GroupTransition {
  rule: AlertRule;
  groupBy: readonly string[];
}

/** How a rule stands in one window object: see {@link AlertSet.stands}. */
export interface RuleStand {
  rule: AlertRule;
  firing: number;
  pending: number;
  evaluatedTo: number | null;
  untracked: number;
}

/** What a rule needs to know of its metric, as it was when the rule met it. */
type Meeting = Pick<WatchedMetric, "identity" | "groupBy" | "everyMs" | "emptyValue">;

interface EncodedRule extends Meeting {
  name: string;
  cursor: number;
  untracked: number;
  groups: EncodedGroup[];
}

/** What {@link AlertSet.encode} gives. */
export interface EncodedAlerts {
  defined: DefinedAlert[];
  nextEpisode: number;
  states: EncodedRule[];
}

/** A rule that has met its metric. */
interface RunningRule {
  met: Meeting;
  /** Windows that end at or before this have been looked at. */
  cursor: number;
  groups: RuleGroups;
}

interface AlertSetOptions {
  /** The metric or view of this name, as it stands; undefined: it is not of this object. */
  watched: (name: string) => WatchedMetric | undefined;
  /** Of a split metric, which groups this object has. */
  share: Share | undefined;
}

/**
 * The alert rules of one window object. Each window is looked at once, when it becomes final, in the order of their ends:
 * what changes it later changes no alert. Deterministic: the same steps end in the same state and tell the same.
 */
export class AlertSet {
  readonly #options: AlertSetOptions;
  #defined: DefinedAlert[];
  #nextEpisode: number;
  readonly #running = new Map<string, RunningRule>();
  #transitions: AlertTransition[] = [];

  constructor(options: AlertSetOptions, encoded?: EncodedAlerts) {
    this.#options = options;
    this.#defined = encoded?.defined ?? [];
    this.#nextEpisode = encoded?.nextEpisode ?? 1;
    for (const { name, cursor, untracked, groups, ...met } of encoded?.states ?? []) {
      const rule = this.rule(name);
      if (rule !== undefined) this.#begin(rule, met, cursor, groups).groups.untracked = untracked;
    }
  }

  /** Takes the rules in force. One that means the same goes on; alerts of any other that fire are resolved. */
  define(defined: readonly DefinedAlert[]): void {
    this.advance();
    const wanted = new Map(defined.map((each) => [each.rule.name, each]));
    for (const { rule } of this.#defined) {
      const now = wanted.get(rule.name);
      if (now !== undefined && alertsAlike(now.rule, rule)) continue;
      this.#end(rule, now === undefined ? "rule_deleted" : "rule_changed");
    }
    this.#defined = [...defined];
    this.advance();
  }

  /** Looks at the windows that have become final. */
  advance(): void {
    const known = new Map<string, WatchedMetric | undefined>();
    const read = new Map<string, ClosedWindow[]>();
    for (const defined of this.#defined) {
      const { metric } = defined.rule;
      if (!known.has(metric)) known.set(metric, this.#options.watched(metric));
      const watched = known.get(metric);
      if (watched === undefined) this.#end(defined.rule, "metric_changed");
      else this.#advanceRule(defined, watched, read);
    }
  }

  /** What has happened since the last call, in order. */
  takeTransitions(): AlertTransition[] {
    const taken = this.#transitions;
    this.#transitions = [];
    return taken;
  }

  /**
   * By which time of the clock a window has to be closed even if nothing comes, because that would fire or resolve
   * something; Infinity: none.
   */
  get awaitedMs(): number {
    let least = Number.POSITIVE_INFINITY;
    for (const { rule } of this.#defined) {
      const running = this.#running.get(rule.name);
      const watched = running && this.#options.watched(rule.metric);
      if (running === undefined || watched === undefined) continue;
      const end = running.groups.nextSilentEnd(running.cursor + watched.everyMs);
      least = Math.min(least, end + watched.delayMs);
    }
    return least;
  }

  rule(name: string): AlertRule | undefined {
    return this.#defined.find(({ rule }) => rule.name === name)?.rule;
  }

  stands(): RuleStand[] {
    return this.#defined.map(({ rule }) => {
      const running = this.#running.get(rule.name);
      return {
        rule,
        firing: running?.groups.firing ?? 0,
        pending: running?.groups.pending ?? 0,
        evaluatedTo: running?.cursor ?? null,
        untracked: running?.groups.untracked ?? 0,
      };
    });
  }

  /** The state for the constructor; transitions are taken before. */
  encode(): EncodedAlerts {
    const states = this.#defined.flatMap(({ rule: { name } }): EncodedRule[] => {
      const running = this.#running.get(name);
      if (running === undefined) return [];
      const { met, cursor, groups } = running;
      return [{ name, ...met, cursor, untracked: groups.untracked, groups: groups.encode() }];
    });
    return { defined: this.#defined, nextEpisode: this.#nextEpisode, states };
  }

  #advanceRule(defined: DefinedAlert, watched: WatchedMetric, read: Map<string, ClosedWindow[]>): void {
    const { rule } = defined;
    let running = this.#running.get(rule.name);
    if (running !== undefined && running.met.identity !== watched.identity) {
      this.#end(rule, "metric_changed");
      // Windows that the new definition has seen only the end of tell nothing.
      running = this.#begin(rule, watched, watched.finalEnd + watched.sizeMs + watched.delayMs);
    }
    running ??= this.#begin(rule, watched, this.#firstCursor(defined, watched));
    if (running.cursor >= watched.finalEnd) return;
    const { everyMs, finalEnd } = watched;
    const name = `${running.cursor} ${rule.metric}`;
    const closed = read.get(name) ?? watched.points(running.cursor);
    read.set(name, closed);
    for (const { end, values } of closed) {
      this.#note(rule, running, running.groups.closeEmpty(running.cursor + everyMs, end - everyMs));
      this.#note(rule, running, running.groups.close(end, matching(rule, watched, values)));
      running.cursor = end;
    }
    this.#note(rule, running, running.groups.closeEmpty(running.cursor + everyMs, finalEnd));
    running.cursor = finalEnd;
  }

  /** A metric without any events may be as new as the rule: a window that it has seen only the end of tells nothing. */
  #firstCursor(
    { definedMs }: DefinedAlert,
    { finalEnd, everyMs, sizeMs, isUntouched }: WatchedMetric,
  ): number {
    const since = Math.max(definedMs, finalEnd);
    return floorTo(since, everyMs) + (isUntouched ? ceilTo(sizeMs, everyMs) : 0);
  }

  #begin(
    rule: AlertRule,
    { identity, groupBy, everyMs, emptyValue }: Meeting,
    cursor: number,
    encoded?: EncodedGroup[],
  ): RunningRule {
    const { condition, forMs } = rule;
    const nextEpisode = () => this.#nextEpisode++;
    const options = { condition, forMs, everyMs, emptyValue, named: this.#named(rule, groupBy), nextEpisode };
    const running = {
      met: { identity, groupBy, everyMs, emptyValue },
      cursor: floorTo(cursor, everyMs),
      groups: new RuleGroups(options, encoded),
    };
    this.#running.set(rule.name, running);
    return running;
  }

  /** Groups that the rule names whole, of those that this object has. */
  #named(rule: AlertRule, groupBy: readonly string[]): string[] {
    const { share } = this.#options;
    const whole = groupBy.length === 0 ? [{}] : (rule.groups ?? []);
    return whole
      .filter((group) => groupBy.every((key) => key in group))
      .map((group) => keyOf(groupBy, group))
      .filter((key) => share === undefined || shardOf(key, share.of) === share.index);
  }

  #end(rule: AlertRule, reason: ResolveReason): void {
    const running = this.#running.get(rule.name);
    if (running === undefined) return;
    this.#running.delete(rule.name);
    this.#note(rule, running, running.groups.end(running.cursor, reason));
  }

  #note(rule: AlertRule, { met }: RunningRule, transitions: GroupTransition[]): void {
    for (const transition of transitions) {
      this.#transitions.push({ ...transition, rule, groupBy: met.groupBy });
    }
  }
}

/** The values of the groups that a rule is about. `__other__` is a lump of many: only a rule that names it means it. */
function matching(
  rule: AlertRule,
  { groupBy, otherKey }: WatchedMetric,
  values: Map<string, number | undefined>,
): Map<string, number | undefined> {
  if (rule.groups === undefined && (otherKey === undefined || !values.has(otherKey))) return values;
  return new Map(
    [...values].filter(([key]) => {
      const isNamed = matchesGroups(groupOf(groupBy, key), rule.groups);
      return rule.groups === undefined ? key !== otherKey : isNamed;
    }),
  );
}
