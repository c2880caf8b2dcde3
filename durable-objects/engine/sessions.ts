/** A user's events with less than the gap between any two neighbours. Times in epoch ms. */
export interface Session {
  firstMs: number;
  lastMs: number;
  events: number;
}

/**
 * Adds a session to those of its user, which are kept ascending and apart by `gapMs` or more. Sessions that come to
 * lie nearer become one: adding is associative and commutative.
 *
 * @returns the session that `added` has become part of, and those that it took the place of.
 */
export function addSession<S extends Session>(
  sessions: S[],
  added: S,
  gapMs: number,
): { session: S; absorbed: S[] } {
  let from = sessions.length;
  while (from > 0 && added.firstMs - (sessions[from - 1]?.lastMs ?? 0) < gapMs) from--;
  let to = from;
  while (to < sessions.length && (sessions[to]?.firstMs ?? 0) - added.lastMs < gapMs) to++;
  const absorbed = sessions.slice(from, to);
  for (const { firstMs, lastMs, events } of absorbed) {
    added.firstMs = Math.min(added.firstMs, firstMs);
    added.lastMs = Math.max(added.lastMs, lastMs);
    added.events += events;
  }
  sessions.splice(from, absorbed.length, added);
  return { session: added, absorbed };
}
