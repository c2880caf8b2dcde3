import { type AlertCondition, meetsCondition, type ResolveReason } from "../../../protocol/alert.ts";
import { LIMITS } from "../../../protocol/limits.ts";
import { ceilTo } from "../windows.ts";

/** How one group stands. Times are ends of windows, epoch ms. */
interface GroupState {
  /** The first of the windows, up to the last one, that all met the condition; 0: the last one did not. */
  since: number;
  /** The window that fired it; 0: it does not fire. */
  firedAt: number;
  /** The last window in which the group had a value. */
  seen: number;
  episode: number;
}

/** What {@link RuleGroups.encode} gives: `[key, since, firedAt, seen, episode]`. */
export type EncodedGroup = [key: string, since: number, firedAt: number, seen: number, episode: number];

/** A group's alert that fires, or does no more. */
export interface GroupTransition {
  type: "fired" | "resolved";
  key: string;
  episode: number;
  /** The window that brought it about, by its end, epoch ms. */
  end: number;
  firedAt: number;
  value: number | null;
  reason?: ResolveReason;
}

/** What a rule is evaluated by. */
export interface RuleGroupsOptions {
  condition: AlertCondition;
  forMs: number;
  everyMs: number;
  /** What a window without a point of the group stands for; undefined: no value. To `no data` it always is that. */
  emptyValue: number | undefined;
  /** Groups that are there even if nothing ever comes of them. */
  named: readonly string[];
  nextEpisode: () => number;
}

/** A group that nobody named is forgotten when it has been silent for so long. */
export const GROUP_MEMORY_MS = 86_400_000;

/**
 * The groups of one rule, window by window. Only those are kept that matter: which are pending or fire, which are named,
 * and where silence meets the condition, which have been seen.
 */
export class RuleGroups {
  readonly #options: RuleGroupsOptions;
  readonly #groups: Map<string, GroupState>;
  readonly #named: ReadonlySet<string>;
  readonly #emptyMeets: boolean;
  /** Times that a group was left out because there were too many. */
  untracked = 0;

  constructor(options: RuleGroupsOptions, encoded: readonly EncodedGroup[] = []) {
    const { condition, emptyValue } = options;
    this.#options = { ...options, emptyValue: condition.type === "no_data" ? undefined : emptyValue };
    this.#named = new Set(options.named);
    this.#emptyMeets = meetsCondition(condition, this.#options.emptyValue);
    this.#groups = new Map(
      encoded.map(([key, since, firedAt, seen, episode]) => [key, { since, firedAt, seen, episode }]),
    );
    for (const key of options.named) {
      if (!this.#groups.has(key)) this.#groups.set(key, { since: 0, firedAt: 0, seen: 0, episode: 0 });
    }
  }

  /** A window has closed, with these values by group; undefined: a group without one. */
  close(end: number, values: ReadonlyMap<string, number | undefined>): GroupTransition[] {
    const changes: Change[] = [];
    for (const [key, state] of this.#groups) {
      if (!values.has(key)) this.#silent(key, state, end, end, changes);
      else this.#look(key, state, end, values.get(key), changes);
    }
    for (const key of this.#newcomers(values)) {
      const state = { since: 0, firedAt: 0, seen: 0, episode: 0 };
      this.#groups.set(key, state);
      this.#look(key, state, end, values.get(key), changes);
    }
    for (const [key, value] of values) {
      const state = value === undefined ? undefined : this.#groups.get(key);
      if (state !== undefined) state.seen = end;
    }
    return this.#settle(changes);
  }

  /** No group had a point in any window that ended from `first` to `last`. */
  closeEmpty(first: number, last: number): GroupTransition[] {
    const changes: Change[] = [];
    if (first <= last) {
      for (const [key, state] of this.#groups) this.#silent(key, state, first, last, changes);
    }
    return this.#settle(changes);
  }

  /** Whatever fires is over, because the rule, or the metric, is. */
  end(end: number, reason: ResolveReason): GroupTransition[] {
    const changes: Change[] = [];
    for (const [key, state] of this.#groups) {
      if (state.firedAt > 0) changes.push([resolved(key, state, end, null, reason), state]);
    }
    this.#groups.clear();
    return this.#settle(changes);
  }

  /** The first window, by its end, that would fire or resolve something if nothing came any more; Infinity: none would. */
  nextSilentEnd(next: number): number {
    let least = Number.POSITIVE_INFINITY;
    for (const [key, state] of this.#groups) least = Math.min(least, this.#silentEnd(key, state, next));
    return least;
  }

  get firing(): number {
    let count = 0;
    for (const { firedAt } of this.#groups.values()) if (firedAt > 0) count++;
    return count;
  }

  get pending(): number {
    let count = 0;
    for (const { firedAt, since } of this.#groups.values()) if (firedAt === 0 && since > 0) count++;
    return count;
  }

  encode(): EncodedGroup[] {
    return Array.from(this.#groups, ([key, { since, firedAt, seen, episode }]) => {
      return [key, since, firedAt, seen, episode];
    });
  }

  /** Groups with a point of which something has to be known from now on, as far as there is room. */
  #newcomers(values: ReadonlyMap<string, number | undefined>): string[] {
    const { condition } = this.#options;
    const wanted: string[] = [];
    for (const [key, value] of values) {
      if (this.#groups.has(key)) continue;
      if (this.#emptyMeets || meetsCondition(condition, value)) wanted.push(key);
    }
    const room = Math.max(0, LIMITS.alertGroups - this.#groups.size);
    this.untracked += Math.max(0, wanted.length - room);
    return wanted.sort().slice(0, room);
  }

  #look(key: string, state: GroupState, end: number, value: number | undefined, changes: Change[]): void {
    if (meetsCondition(this.#options.condition, value)) {
      if (state.since === 0) state.since = end;
      if (state.firedAt > 0 || end - state.since < this.#options.forMs) return;
      state.firedAt = end;
      changes.push([{ type: "fired", key, episode: 0, end, firedAt: end, value: value ?? null }, state]);
      return;
    }
    if (state.firedAt > 0) changes.push([resolved(key, state, end, value ?? null), state]);
    state.since = 0;
    state.firedAt = 0;
    if (!this.#emptyMeets && !this.#named.has(key)) this.#groups.delete(key);
  }

  /** The group had no point in the windows that ended from `first` to `last`: only some of them can matter. */
  #silent(key: string, state: GroupState, first: number, last: number, changes: Change[]): void {
    const { emptyValue, forMs, everyMs } = this.#options;
    const forgottenAt = this.#forgottenAt(key, state, first);
    if (first < forgottenAt) {
      this.#look(key, state, first, emptyValue, changes);
      if (!this.#emptyMeets) return;
      const due = ceilTo(state.since + forMs, everyMs);
      if (state.firedAt === 0 && due <= last && due < forgottenAt) {
        this.#look(key, state, due, emptyValue, changes);
      }
    }
    if (forgottenAt > last) return;
    this.#groups.delete(key);
    if (state.firedAt > 0) changes.push([resolved(key, state, forgottenAt, null, "group_forgotten"), state]);
  }

  /**
   * Puts changes in the order of their windows, of one window in that of their groups, and numbers them so: whatever the
   * order in which groups are kept, a replay comes to the same.
   */
  #settle(changes: Change[]): GroupTransition[] {
    changes.sort(([a], [b]) => a.end - b.end || (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
    return changes.map(([transition, state]) => {
      if (transition.type === "fired") state.episode = this.#options.nextEpisode();
      return { ...transition, episode: state.episode };
    });
  }

  #silentEnd(key: string, state: GroupState, next: number): number {
    const { forMs, everyMs } = this.#options;
    if (!this.#emptyMeets) return state.firedAt > 0 ? next : Number.POSITIVE_INFINITY;
    if (state.firedAt > 0) return this.#forgottenAt(key, state, next);
    return Math.max(next, ceilTo((state.since || next) + forMs, everyMs));
  }

  /** The window in which a group that stays silent from `first` on is forgotten. */
  #forgottenAt(key: string, { seen }: GroupState, first: number): number {
    if (!this.#emptyMeets || this.#named.has(key)) return Number.POSITIVE_INFINITY;
    return Math.max(first, ceilTo(seen + GROUP_MEMORY_MS, this.#options.everyMs));
  }
}

/** What happens to a group, and its state, which knows its episode. */
type Change = [GroupTransition, GroupState];

function resolved(
  key: string,
  { firedAt }: GroupState,
  end: number,
  value: number | null,
  reason?: ResolveReason,
): GroupTransition {
  const transition: GroupTransition = { type: "resolved", key, episode: 0, end, firedAt, value };
  return reason === undefined ? transition : { ...transition, reason };
}
