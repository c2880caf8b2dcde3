/** The times of one user's events, parted wherever two neighbours lie `gapMs` or more apart. */
export function sessionsOf(times: readonly number[], gapMs: number): number[][] {
  const sessions: number[][] = [];
  for (const ts of times.toSorted((a, b) => a - b)) {
    const session = sessions.at(-1);
    if (session === undefined || ts - (session.at(-1) ?? 0) >= gapMs) sessions.push([ts]);
    else session.push(ts);
  }
  return sessions;
}
