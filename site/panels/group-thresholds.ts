import type { Threshold } from "../../protocol/panel-marks.ts";
import type { Group } from "../../protocol/series.ts";

/** A threshold, perhaps of some groups alone. */
export interface GroupThreshold extends Threshold {
  /** It is of groups that match one of these; absent: of all. */
  groups?: readonly Group[];
}

/** As many groups are named in a label. */
const MOST_NAMED = 2;

/**
 * The thresholds that concern what is drawn. One that is of some of it only says of which.
 *
 * @param drawn the groups that are drawn, and what each is called.
 */
export function drawnThresholds(
  thresholds: readonly GroupThreshold[],
  drawn: readonly Group[],
  names: readonly string[],
): readonly GroupThreshold[] {
  return thresholds.flatMap((threshold) => {
    const { groups, label = "" } = threshold;
    if (groups === undefined) return threshold;
    const meant = names.filter((_, i) => isWithin(drawn[i] ?? {}, groups));
    if (meant.length === 0) return [];
    if (meant.length === drawn.length) return threshold;
    const which = meant.length > MOST_NAMED ? `${meant.length} groups` : meant.join(", ");
    return { ...threshold, label: label === "" ? which : `${label}: ${which}` };
  });
}

/** Whether a panel that is held to `held` may show one of these groups; where either is not known, it may. */
export function mayShow(held: readonly Group[] | undefined, groups: readonly Group[] | undefined): boolean {
  if (groups === undefined || held === undefined || held.length === 0) return true;
  return groups.some((group) => isWithin(group, held));
}

/** Whether a group matches one of some matchers, each of which may name some of its keys. */
function isWithin(group: Group, matchers: readonly Group[]): boolean {
  return matchers.some((matcher) => Object.entries(matcher).every(([key, value]) => group[key] === value));
}
