import type { AlertEpisode, AlertsAnswer } from "../../protocol/alert.ts";
import { formatValue } from "../format.ts";
import { groupLabels } from "../group-label.ts";
import { formatMoment } from "../time-axis.ts";
import { elapsedText } from "./elapsed.ts";
import type { SilenceTarget } from "./silence-form.ts";

const REASONS = {
  rule_changed: "the alert was changed",
  rule_deleted: "the alert was deleted",
  metric_changed: "the metric was changed",
  group_forgotten: "the group has been silent for a day",
} as const;

interface AlertHistoryProps {
  standing: AlertsAnswer | undefined;
  onSilence: (target: SilenceTarget) => void;
}

/** What fired in the last day, the newest first. */
export function AlertHistory({ standing, onSilence }: AlertHistoryProps) {
  if (standing === undefined) return null;
  const { episodes, truncated } = standing;
  return (
    <section class="alerts-section" aria-labelledby="alert-history">
      <h2 class="alerts-title" id="alert-history">
        The last day
      </h2>
      {episodes.length === 0 ? (
        <p class="alerts-note">Nothing fired.</p>
      ) : (
        <ol class="alerts-episodes">
          {episodes.map((episode) => (
            <EpisodeRow
              key={`${episode.alert} ${groupName(episode)} ${episode.firedAt}`}
              episode={episode}
              onSilence={onSilence}
            />
          ))}
        </ol>
      )}
      {truncated && <p class="alerts-note">There were more: these are the newest.</p>}
    </section>
  );
}

function EpisodeRow({
  episode,
  onSilence,
}: { episode: AlertEpisode } & Pick<AlertHistoryProps, "onSilence">) {
  const { alert, group, condition, firedAt, firedValue, resolvedAt, reason } = episode;
  const name = groupName(episode);
  return (
    <li class="alerts-episode">
      <span class="alerts-state" data-state={resolvedAt === null ? "firing" : "ok"}>
        {resolvedAt === null ? "Firing" : "Resolved"}
      </span>
      <span>
        <b>{alert}</b> {name}
      </span>
      {resolvedAt === null && name !== "" && episode.silenced === undefined && (
        <button
          type="button"
          class="button alerts-silence-one"
          aria-label={`Silence ${alert} of ${name}`}
          onClick={() => onSilence({ alert, groups: [group] })}
        >
          Silence
        </button>
      )}
      <span class="alerts-when">
        {formatMoment(firedAt)}
        {firedValue === null ? "" : ` at ${formatValue(firedValue, "short")} (${condition})`}
        {resolvedAt === null ? "" : `, for ${elapsedText(resolvedAt - firedAt)}`}
        {reason === undefined ? "" : `: ${REASONS[reason]}`}
        {silencedText(episode)}
      </span>
    </li>
  );
}

function silencedText({ silenced, toldAt }: AlertEpisode): string {
  if (silenced === undefined) return "";
  return toldAt === undefined ? ", silenced" : `, silenced until ${formatMoment(toldAt)}`;
}

function groupName({ group }: AlertEpisode): string {
  return groupLabels([group], "")[0] ?? "";
}
