import { LIMITS } from "../../protocol/limits.ts";
import type { Accumulator } from "./aggregates/aggregate.ts";
import type { CompiledMetric } from "./compiled-metric.ts";
import { otherKey } from "./group-key.ts";
import { type MemoryBudget, textBytes } from "./memory-budget.ts";
import type { MetricPartial, SessionPartial } from "./partials.ts";
import { addSession, type Session } from "./sessions.ts";
import { ceilTo, type EncodedWindows, type Taken, type Touch, type Windows } from "./windows.ts";

/** A session, its places in the maps of users and slices, and the user's name. */
const SESSION_BYTES = 300;

/** Ends are after the epoch. */
const NO_SLICE = 0;

interface UserSession extends Session {
  readonly key: string;
  readonly user: string;
  /** The slice that it stands in. */
  end: number;
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
  readonly #other: string;
  /** By group and user. */
  readonly #groups = new Map<string, Map<string, UserSession[]>>();
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
    this.#other = otherKey(compiled.metric.groupBy);
    this.#sealedEnd = this.#visibleEnd = encoded?.sealedEnd ?? 0;
    for (const [key, times, users] of encoded?.groups ?? []) {
      for (const [i, user] of users.entries()) {
        const [firstMs = 0, lastMs = 0, events = 0] = times.slice(3 * i, 3 * i + 3);
        this.#add({ key, user: String(user), firstMs, lastMs, events, end: NO_SLICE }, () => undefined);
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
    const added: UserSession = { key, user, firstMs, lastMs, events, end: NO_SLICE };
    if (this.#sliceOf(added) <= this.#sealedEnd && !this.#prolongs(added)) return "late";
    if (this.#sessions >= LIMITS.openSessions || this.#budget.isFull) {
      if (!this.#prolongs(added)) return "dropped";
    }
    this.#add(added, touch);
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
      const key = i < metric.maxGroups ? givenKey : this.#other;
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
    const groups = Array.from(this.#groups, ([key, users]): EncodedWindows["groups"][number] => {
      const sessions = [...users.values()].flat();
      const times = sessions.flatMap(({ firstMs, lastMs, events }) => [firstMs, lastMs, events]);
      return [key, times, sessions.map(({ user }) => user)];
    });
    return { sealedEnd: this.#sealedEnd, groups };
  }

  /** A group's change may change what is folded. */
  #touch(end: number, key: string, touch: Touch): void {
    this.#composed.delete(end);
    touch(end, key);
    if (this.#compiled.metric.groupBy.length > 0) touch(end, this.#other);
  }

  #add(added: UserSession, touch: Touch): void {
    const { session, absorbed } = this.#join(added);
    for (const gone of absorbed) this.#leaveSlice(gone, touch);
    this.#count((session === added ? 1 : 0) - absorbed.length, added);
    const end = this.#sliceOf(session);
    if (end !== session.end) {
      this.#leaveSlice(session, touch);
      session.end = end;
      let slice = this.#slices.get(end);
      if (slice === undefined) this.#slices.set(end, (slice = new Set()));
      slice.add(session);
    }
    this.#touch(end, session.key, touch);
  }

  #leaveSlice(session: UserSession, touch: Touch): void {
    const { end, key } = session;
    const slice = this.#slices.get(end);
    if (slice === undefined) return;
    slice.delete(session);
    if (slice.size === 0) this.#slices.delete(end);
    this.#touch(end, key, touch);
  }

  #join(added: UserSession): { session: UserSession; absorbed: readonly UserSession[] } {
    let users = this.#groups.get(added.key);
    if (users === undefined) this.#groups.set(added.key, (users = new Map()));
    const sessions = users.get(added.user);
    if (sessions !== undefined) return addSession(sessions, added, this.#gapMs);
    // An array that begins empty has room for many: there is mostly one.
    users.set(added.user, [added]);
    return { session: added, absorbed: [] };
  }

  /** Whether `added` would become part of a session that is kept. */
  #prolongs({ key, user, firstMs, lastMs }: UserSession): boolean {
    const sessions = this.#groups.get(key)?.get(user) ?? [];
    return sessions.some(
      (known) => firstMs - known.lastMs < this.#gapMs && known.firstMs - lastMs < this.#gapMs,
    );
  }

  #forget(session: UserSession): void {
    const { key, user } = session;
    const users = this.#groups.get(key);
    const left = (users?.get(user) ?? []).filter((known) => known !== session);
    if (left.length > 0) users?.set(user, left);
    else users?.delete(user);
    if (users?.size === 0) this.#groups.delete(key);
    this.#count(-1, session);
  }

  #count(sessions: number, { key, user }: UserSession): void {
    this.#sessions += sessions;
    this.#budget.usedBytes += sessions * (SESSION_BYTES + textBytes(key) + textBytes(user));
  }

  #sliceOf({ lastMs }: Session): number {
    return ceilTo(lastMs + this.#gapMs, this.#sliceMs);
  }
}
