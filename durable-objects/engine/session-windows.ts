import { LIMITS } from "../../protocol/limits.ts";
import type { Accumulator, Encoded } from "./aggregates/aggregate.ts";
import type { CompiledMetric } from "./compiled-metric.ts";
import { otherKey } from "./group-key.ts";
import type { MemoryBudget } from "./memory-budget.ts";
import type { MetricPartial, SessionPartial } from "./partials.ts";
import { addSession, type Session } from "./sessions.ts";
import { ceilTo, type EncodedWindows, type Taken, type Touch, type Windows } from "./windows.ts";

/** Two objects, their places in two maps, and the user's name. */
const SESSION_BYTES = 300;

interface UserSession extends Session {
  key: string;
  user: string;
}

/**
 * Sessions of users: a silence of `gap` ends one. A session counts in the slice of time that it ends in, `gap` after
 * its last event; what is aggregated over a slice are its sessions. An event that prolongs a session moves it on to a
 * later slice.
 */
export class SessionWindows implements Windows {
  readonly #compiled: CompiledMetric;
  readonly #budget: MemoryBudget;
  readonly #gapMs: number;
  readonly #sliceMs: number;
  readonly #byUser = new Map<string, UserSession[]>();
  readonly #slices = new Map<number, Set<UserSession>>();
  /** Slices as they were last asked for, while nothing has changed. */
  readonly #composed = new Map<number, ReadonlyMap<string, Accumulator>>();
  #sessions = 0;
  #sealedEnd: number;
  #visibleEnd: number;
  #reachedMs = 0;

  constructor(compiled: CompiledMetric, budget: MemoryBudget, encoded?: EncodedWindows) {
    this.#compiled = compiled;
    this.#budget = budget;
    this.#gapMs = compiled.metric.window.gapMs ?? 0;
    this.#sliceMs = compiled.metric.window.everyMs;
    this.#sealedEnd = this.#visibleEnd = encoded?.sealedEnd ?? 0;
    for (const [key, times, users] of encoded?.groups ?? []) {
      for (const [i, user] of users.entries()) {
        const [firstMs = 0, lastMs = 0, events = 0] = times.slice(3 * i, 3 * i + 3);
        this.#add({ key, user: String(user), firstMs, lastMs, events });
      }
    }
  }

  apply({ sessions = [] }: MetricPartial, touch: Touch): Taken {
    const taken: Taken = { late: 0, folded: 0, dropped: 0 };
    for (const partial of sessions) {
      const fate = this.#take(partial, touch);
      if (fate !== "kept") taken[fate] += partial[4];
    }
    return taken;
  }

  #take([key, user, firstMs, lastMs, events]: SessionPartial, touch: Touch): "kept" | "late" | "dropped" {
    const added: UserSession = { key, user, firstMs, lastMs, events };
    if (this.#sliceOf(added) <= this.#sealedEnd && !this.#prolongs(added)) return "late";
    if (this.#sessions >= LIMITS.openSessions || this.#budget.isFull) {
      if (!this.#prolongs(added)) return "dropped";
    }
    for (const end of this.#add(added)) this.#touch(end, key, touch);
    return "kept";
  }

  show(visibleEnd: number, reachedMs: number, touch: Touch): Taken {
    const before = this.#reachedMs;
    this.#reachedMs = Math.max(before, reachedMs);
    if (this.#reachedMs > before) this.#composed.clear();
    for (const end of this.ends(before - this.#sliceMs, visibleEnd)) {
      for (const session of this.#slices.get(end) ?? []) {
        const endMs = session.lastMs + this.#gapMs;
        if (end > this.#visibleEnd || (endMs > before && endMs <= this.#reachedMs)) {
          this.#touch(end, session.key, touch);
        }
      }
    }
    this.#visibleEnd = visibleEnd;
    return { late: 0, folded: 0, dropped: 0 };
  }

  ends(after: number, through: number): number[] {
    return [...this.#slices.keys()].filter((end) => end > after && end <= through).sort((a, b) => a - b);
  }

  /** The sessions that have ended so far. Groups beyond `maxGroups` are those whose first session began last. */
  at(endMs: number): ReadonlyMap<string, Accumulator> {
    let composed = this.#composed.get(endMs);
    if (composed === undefined) this.#composed.set(endMs, (composed = this.#compose(endMs)));
    return composed;
  }

  #compose(endMs: number): ReadonlyMap<string, Accumulator> {
    const { aggregate, sessionInput, metric } = this.#compiled;
    const groups = new Map<string, { sinceMs: number; accumulator: Accumulator }>();
    for (const session of this.#slices.get(endMs) ?? []) {
      if (session.lastMs + this.#gapMs > this.#reachedMs) continue;
      let group = groups.get(session.key);
      if (group === undefined) {
        group = { sinceMs: session.firstMs, accumulator: aggregate.create() };
        groups.set(session.key, group);
      }
      group.sinceMs = Math.min(group.sinceMs, session.firstMs);
      group.accumulator.add(sessionInput(session), session.lastMs);
    }
    const ordered = [...groups].sort(([a, x], [b, y]) => x.sinceMs - y.sinceMs || (a < b ? -1 : 1));
    const named = new Map<string, Accumulator>();
    for (const [i, [givenKey, { accumulator }]] of ordered.entries()) {
      const key = i < metric.maxGroups ? givenKey : otherKey(metric.groupBy);
      const present = named.get(key);
      if (present === undefined) named.set(key, accumulator);
      else present.merge(accumulator);
    }
    return named;
  }

  seal(sealedEnd: number): number {
    this.#sealedEnd = sealedEnd;
    let folded = 0;
    for (const [end, sessions] of this.#slices) {
      if (end > sealedEnd) continue;
      const groups = new Set(Array.from(sessions, ({ key }) => key));
      folded += Math.max(0, groups.size - this.#compiled.metric.maxGroups);
      for (const session of sessions) this.#forget(session);
      this.#slices.delete(end);
      this.#composed.delete(end);
    }
    return folded;
  }

  release(): void {
    this.seal(Number.POSITIVE_INFINITY);
  }

  encode(): EncodedWindows {
    const groups = new Map<string, [string, number[], Encoded[]]>();
    for (const sessions of this.#byUser.values()) {
      for (const { key, user, firstMs, lastMs, events } of sessions) {
        const group = groups.get(key) ?? [key, [], []];
        groups.set(key, group);
        group[1].push(firstMs, lastMs, events);
        group[2].push(user);
      }
    }
    return { sealedEnd: this.#sealedEnd, groups: [...groups.values()] };
  }

  /** A group's change may change what is folded. */
  #touch(end: number, key: string, touch: Touch): void {
    this.#composed.delete(end);
    touch(end, key);
    const { groupBy } = this.#compiled.metric;
    if (groupBy.length > 0) touch(end, otherKey(groupBy));
  }

  /** Adds a session to its user's and returns the slices that changed. */
  #add(added: UserSession): number[] {
    const name = nameOf(added);
    let sessions = this.#byUser.get(name);
    if (sessions === undefined) this.#byUser.set(name, (sessions = []));
    const { session, absorbed } = addSession(sessions, added, this.#gapMs);
    const changed = absorbed.map((gone) => {
      const end = this.#sliceOf(gone);
      this.#slices.get(end)?.delete(gone);
      if (this.#slices.get(end)?.size === 0) this.#slices.delete(end);
      return end;
    });
    const end = this.#sliceOf(session);
    const slice = this.#slices.get(end) ?? new Set();
    this.#slices.set(end, slice.add(session));
    this.#count(1 - absorbed.length);
    return [...changed, end];
  }

  /** Whether `added` would become part of a session that is kept. */
  #prolongs({ firstMs, lastMs, ...rest }: UserSession): boolean {
    const sessions = this.#byUser.get(nameOf(rest)) ?? [];
    return sessions.some(
      (known) => firstMs - known.lastMs < this.#gapMs && known.firstMs - lastMs < this.#gapMs,
    );
  }

  #forget(session: UserSession): void {
    const name = nameOf(session);
    const left = (this.#byUser.get(name) ?? []).filter((known) => known !== session);
    if (left.length > 0) this.#byUser.set(name, left);
    else this.#byUser.delete(name);
    this.#count(-1);
  }

  #count(sessions: number): void {
    this.#sessions += sessions;
    this.#budget.usedBytes += sessions * SESSION_BYTES;
  }

  #sliceOf({ lastMs }: Session): number {
    return ceilTo(lastMs + this.#gapMs, this.#sliceMs);
  }
}

function nameOf({ key, user }: { key: string; user: string }): string {
  return `${user.length} ${user}${key}`;
}
