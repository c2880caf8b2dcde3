import { useRef } from "preact/hooks";
import type { AlertEpisode, AlertsAnswer } from "../../protocol/alert.ts";
import { announce } from "../announce.tsx";
import { formatValue } from "../format.ts";
import { groupLabels } from "../series/group-label.ts";
import { formatMoment } from "../time/time-axis.ts";
import { keyOf } from "./alert-past.ts";
import type { AlertRequests } from "./alert-requests.ts";
import { elapsedText } from "./elapsed.ts";
import type { SilenceTarget } from "./silence-form.ts";
import { useAlertPast } from "./use-alert-past.ts";

const REASONS = {
  rule_changed: "the alert was changed",
  rule_deleted: "the alert was deleted",
  metric_changed: "the metric was changed",
  group_forgotten: "the group has been silent for a day",
} as const;

interface AlertHistoryProps {
  standing: AlertsAnswer | undefined;
  requests: AlertRequests;
  onSilence: (target: SilenceTarget) => void;
}

/** What fires and what fired in the last day, the newest first, and what fired before that, a page with each press of a button. */
export function AlertHistory({ standing, requests, onSilence }: AlertHistoryProps) {
  const { past, isLoading, fault, showOlder } = useAlertPast(standing, requests);
  const end = useRef<HTMLParagraphElement>(null);
  if (past === undefined) return null;
  const { episodes, older, isLong } = past;
  const show = async (): Promise<void> => {
    const count = await showOlder();
    if (count === undefined) return;
    announce(count === 0 ? "Nothing earlier is kept." : `${count} earlier alerts are shown.`);
    // The button that had the focus may have gone.
    end.current?.focus();
  };
  return (
    <section class="alerts-section" aria-labelledby="alert-history">
      <h2 class="alerts-title" id="alert-history">
        {isLong ? "What fired" : "The last day"}
      </h2>
      {episodes.length === 0 ? (
        <p class="alerts-note">Nothing fired.</p>
      ) : (
        <ol class="alerts-episodes">
          {[...episodes].sort(firingFirst).map((episode) => (
            <EpisodeRow key={keyOf(episode)} episode={episode} onSilence={onSilence} />
          ))}
        </ol>
      )}
      {fault !== undefined && (
        <p class="fault" role="alert">
          {fault}
        </p>
      )}
      {older === undefined ? (
        <p class="alerts-note alerts-end" ref={end} tabIndex={-1}>
          Nothing earlier is kept.
        </p>
      ) : (
        <button
          type="button"
          class="button alerts-earlier"
          aria-disabled={isLoading}
          onClick={() => !isLoading && void show()}
        >
          {isLoading ? "Loading …" : "Show earlier"}
        </button>
      )}
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
      <span class="alerts-what">
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
        {momentText(firedAt)}
        {firedValue === null ? "" : ` at ${formatValue(firedValue, "short")} (${condition})`}
        {resolvedAt === null ? "" : `, for ${elapsedText(resolvedAt - firedAt)}`}
        {reason === undefined ? "" : `: ${REASONS[reason]}`}
        {silencedText(episode)}
      </span>
    </li>
  );
}

/** What has been firing for long would else stand below a gap of what is not shown yet. */
function firingFirst(a: AlertEpisode, b: AlertEpisode): number {
  return Number(b.resolvedAt === null) - Number(a.resolvedAt === null);
}

/** With its year, where that is not this one. */
function momentText(ms: number): string {
  const year = new Date(ms).getFullYear();
  return year === new Date().getFullYear() ? formatMoment(ms) : `${year} ${formatMoment(ms)}`;
}

function silencedText({ silenced, toldAt }: AlertEpisode): string {
  if (silenced === undefined) return "";
  return toldAt === undefined ? ", silenced" : `, silenced until ${formatMoment(toldAt)}`;
}

function groupName({ group }: AlertEpisode): string {
  return groupLabels([group], "")[0] ?? "";
}
