import type { AlertsAnswer, AlertSource, AlertState } from "../../protocol/alert.ts";
import type { Silence } from "../../protocol/silence.ts";
import { followLink } from "../route.ts";
import { formatMoment } from "../time/time-axis.ts";
import type { SilenceTarget } from "./silence-form.ts";

const STATE_TEXT = { ok: "OK", pending: "Pending", firing: "Firing" } as const;
const FAILURE_TEXT: Record<string, string> = {
  timeout: "no answer within 10 s",
  unreachable: "it cannot be reached",
  private_address: "its address is private",
};

interface AlertListProps {
  rules: readonly AlertSource[] | undefined;
  standing: AlertsAnswer | undefined;
  onSilence: (target: SilenceTarget) => void;
}

/** The rules, those that fire first. */
export function AlertList({ rules, standing, onSilence }: AlertListProps) {
  if (rules === undefined) return <div class="skeleton alerts-skeleton" aria-busy="true" />;
  if (rules.length === 0) {
    return (
      <p class="alerts-note">
        No alerts yet. One watches a metric, window by window, and tells a webhook when its value is out of
        bounds, or when nothing comes.
      </p>
    );
  }
  const states = new Map(standing?.rules.map((state) => [state.alert, state]));
  const firing = (rule: AlertSource) => states.get(rule.name)?.firing ?? 0;
  return (
    <div class="alerts-scroll" role="region" aria-label="Alerts" tabIndex={0}>
      <table class="alerts-table">
        <thead>
          <tr>
            <th scope="col">State</th>
            <th scope="col">Alert</th>
            <th scope="col" class="alerts-metric">
              Metric
            </th>
            <th scope="col">Condition</th>
            <th scope="col" class="alerts-groups">
              Groups
            </th>
            <td />
          </tr>
        </thead>
        <tbody>
          {[...rules]
            .sort((a, b) => firing(b) - firing(a) || (a.name < b.name ? -1 : 1))
            .map((rule) => (
              <RuleRow
                key={rule.name}
                rule={rule}
                state={states.get(rule.name)}
                silences={standing?.silences.filter(({ alert }) => alert === rule.name) ?? []}
                onSilence={() => onSilence({ alert: rule.name })}
              />
            ))}
        </tbody>
      </table>
    </div>
  );
}

interface RuleRowProps {
  rule: AlertSource;
  state: AlertState | undefined;
  /** Those of this rule. */
  silences: readonly Silence[];
  onSilence: () => void;
}

function RuleRow({ rule, state, silences, onSilence }: RuleRowProps) {
  const href = `#/alerts/rule/${encodeURIComponent(rule.name)}`;
  return (
    <tr>
      <td>
        <StateBadge state={state} />
      </td>
      <th scope="row">
        <a class="alerts-name" href={href} onClick={(event) => followLink(event, href)}>
          {rule.name}
        </a>
        {silences.length > 0 && <span class="alerts-silenced">{silencedText(silences)}</span>}
      </th>
      <td class="alerts-metric">{rule.metric}</td>
      <td>
        <code>{rule.condition}</code>
        {rule.for !== undefined && ` for ${rule.for}`}
      </td>
      <td class="alerts-groups">{groupsOf(state)}</td>
      <td class="alerts-act">
        <button type="button" class="button" aria-label={`Silence ${rule.name}`} onClick={onSilence}>
          Silence
        </button>
      </td>
    </tr>
  );
}

/** What is silenced of a rule: all of it, or the groups of so many silences. */
function silencedText(silences: readonly Silence[]): string {
  const whole = silences.find(({ groups }) => groups === undefined);
  if (whole !== undefined) return `silenced until ${formatMoment(whole.until)}`;
  const groups = silences.reduce((sum, silence) => sum + (silence.groups?.length ?? 0), 0);
  return groups === 1 ? "one group silenced" : `${groups} groups silenced`;
}

export function StateBadge({ state }: { state: AlertState | undefined }) {
  const name = state?.state ?? "ok";
  const unseen = state === undefined || state.evaluatedTo === null;
  return (
    <span class="alerts-state" data-state={unseen ? "unseen" : name}>
      {unseen ? "No window yet" : STATE_TEXT[name]}
    </span>
  );
}

function groupsOf(state: AlertState | undefined): string {
  const parts = [
    [state?.firing ?? 0, "firing"],
    [state?.silenced ?? 0, "silenced"],
    [state?.pending ?? 0, "pending"],
    [state?.waiting ?? 0, `undelivered${failureText(state?.failure)}`],
    [state?.untracked ?? 0, "left out"],
  ] as const;
  return parts.flatMap(([count, what]) => (count > 0 ? [`${count} ${what}`] : [])).join(", ") || "–";
}

/** Why the webhook did not take the last notification. */
function failureText(failure: string | undefined): string {
  const [, status] = /^status_(\d+)$/.exec(failure ?? "") ?? [];
  if (status !== undefined) return ` (it answers ${status})`;
  return failure === undefined ? "" : ` (${FAILURE_TEXT[failure] ?? failure})`;
}
