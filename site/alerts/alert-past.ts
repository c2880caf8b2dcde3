import type { AlertEpisode, AlertsAnswer } from "../../protocol/alert.ts";

/** A question for what is older than what is shown: all that fired until a moment, or what comes after a cursor of that. */
export interface OlderQuestion {
  to: number;
  cursor?: string;
}

/** What fired, as far back as somebody has looked. */
export interface AlertPast {
  /** The newest first. */
  episodes: readonly AlertEpisode[];
  /** How to go on; undefined: that is all that is kept. */
  older: OlderQuestion | undefined;
  /** Whether more than the newest answer is shown. */
  isLong: boolean;
  /** Until when it is told, by the server's clock, epoch ms. */
  toMs: number;
}

/**
 * The past with the newest answer. What somebody has looked up stays, and is told that it was resolved meanwhile; but not
 * over a gap that nobody has asked for, as after a night in which the machine slept.
 */
export function withNewest(past: AlertPast | undefined, answer: AlertsAnswer): AlertPast {
  const { episodes, truncated, from, to } = answer;
  const completeFromMs = truncated ? (episodes.at(-1)?.firedAt ?? to) : from;
  if (past?.isLong !== true || completeFromMs > past.toMs) {
    return { episodes, older: { to: completeFromMs }, isLong: false, toMs: to };
  }
  return { ...past, episodes: union(past.episodes, episodes), toMs: to };
}

/** The past with a page of what is older. */
export function withOlder(
  past: AlertPast,
  { to }: OlderQuestion,
  { episodes, cursor }: Pick<AlertsAnswer, "episodes" | "cursor">,
): AlertPast {
  return {
    ...past,
    // What is known already may have been resolved since this was asked.
    episodes: union(episodes, past.episodes),
    older: cursor === undefined ? undefined : { to, cursor },
    isLong: true,
  };
}

export function keyOf({ alert, group, firedAt }: AlertEpisode): string {
  return JSON.stringify([alert, group, firedAt]);
}

/** All of both, the newest first; of one that both have, what `latest` says. */
function union(others: readonly AlertEpisode[], latest: readonly AlertEpisode[]): AlertEpisode[] {
  const found = new Map([...others, ...latest].map((each) => [keyOf(each), each]));
  return [...found.values()].sort((a, b) => b.firedAt - a.firedAt);
}
