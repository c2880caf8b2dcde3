import type { AlertEpisode } from "../../protocol/alert.ts";
import { groupLabels } from "../series/group-label.ts";
import type { ChartMark } from "../slots.ts";

/**
 * Alerts as marks. Those of one rule that overlap are one mark: drawn over each other, they would hide the lines.
 *
 * @param nowMs where those end that still fire.
 * @param nearMs what follows as soon as that is part of the mark, too.
 */
export function episodeMarks(episodes: readonly AlertEpisode[], nowMs: number, nearMs = 0): ChartMark[] {
  const marks: { mark: ChartMark & { to: number }; alert: string; groups: AlertEpisode["group"][] }[] = [];
  for (const episode of [...episodes].sort((a, b) => a.firedAt - b.firedAt)) {
    const { alert, metric, group, firedAt, resolvedAt } = episode;
    const to = Math.max(firedAt, resolvedAt ?? nowMs);
    const open = marks.findLast((each) => each.alert === alert);
    if (open !== undefined && firedAt <= open.mark.to + nearMs) {
      open.mark.to = Math.max(open.mark.to, to);
      open.groups.push(group);
    } else {
      marks.push({ mark: { at: firedAt, to, label: "", tone: "alert", metric }, alert, groups: [group] });
    }
  }
  return marks.map(({ mark, alert, groups }) => ({ ...mark, groups, label: labelOf(alert, groups) }));
}

function labelOf(alert: string, groups: readonly AlertEpisode["group"][]): string {
  const labels = new Set(groups.map((group) => groupLabels([group], "")[0] ?? ""));
  const [only = ""] = labels;
  if (labels.size > 1) return `${alert}: ${labels.size} groups`;
  return only === "" ? alert : `${alert}: ${only}`;
}
