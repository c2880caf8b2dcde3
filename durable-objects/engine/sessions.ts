/** A user's events with less than the gap between any two neighbours. Times in epoch ms. */
export interface Session {
  firstMs: number;
  lastMs: number;
  events: number;
}

const NONE: readonly never[] = [];

/**
 * Adds a session to those of its user, which are kept ascending and apart by `gapMs` or more. Sessions that come to
 * lie nearer become one: adding is associative and commutative.
 *
 * @returns the session that `added` has become part of, or itself, and those that went into it and are gone.
 */
export function addSession<S extends Session>(
  sessions: S[],
  added: S,
  gapMs: number,
): { session: S; absorbed: readonly S[] } {
  let from = sessions.length;
  while (from > 0 && added.firstMs - (sessions[from - 1]?.lastMs ?? 0) < gapMs) from--;
  let to = from;
  while (to < sessions.length && (sessions[to]?.firstMs ?? 0) - added.lastMs < gapMs) to++;
  const session = sessions[from];
  if (session === undefined || from === to) {
    sessions.splice(from, 0, added);
    return { session: added, absorbed: NONE };
  }
  const absorbed = to === from + 1 ? NONE : sessions.splice(from + 1, to - from - 1);
  prolong(session, added);
  for (const gone of absorbed) prolong(session, gone);
  return { session, absorbed };
}

function prolong(session: Session, { firstMs, lastMs, events }: Session): void {
  session.firstMs = Math.min(session.firstMs, firstMs);
  session.lastMs = Math.max(session.lastMs, lastMs);
  session.events += events;
}
