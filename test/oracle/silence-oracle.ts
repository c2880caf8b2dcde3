import type { Group } from "../../protocol/series.ts";

/** A silence from when it was made to when it was over or lifted: clock, epoch ms, the end not included. */
export interface PastSilence {
  alert: string;
  groups: readonly Group[] | undefined;
  fromMs: number;
  toMs: number;
}

/** An alert of a group, and when, by the clock, it was noted that it fired and that it was resolved; undefined: it fires. */
export interface NotedEpisode {
  id: number;
  alert: string;
  group: Group;
  firedMs: number;
  resolvedMs: number | undefined;
}

/**
 * What ought to be sent, and when: each moment at which something happened is looked at anew.
 *
 * @param momentsMs all of them, ascending.
 */
export function silenceOracle(
  episodes: readonly NotedEpisode[],
  silences: readonly PastSilence[],
  momentsMs: readonly number[],
): string[] {
  return episodes.flatMap(({ id, alert, group, firedMs, resolvedMs }) => {
    const isSilent = (ms: number): boolean =>
      silences.some(
        (silence) =>
          silence.alert === alert &&
          silence.fromMs <= ms &&
          ms < silence.toMs &&
          (silence.groups ?? [{}]).some((names) =>
            Object.entries(names).every(([name, value]) => group[name] === value),
          ),
      );
    const toldMs = momentsMs.find(
      (ms) => ms >= firedMs && (resolvedMs === undefined || ms <= resolvedMs) && !isSilent(ms),
    );
    if (toldMs === undefined) return [];
    const resolved = resolvedMs === undefined ? [] : [`${alert} #${id} resolved at ${resolvedMs}`];
    return [`${alert} #${id} fired at ${toldMs}`, ...resolved];
  });
}
