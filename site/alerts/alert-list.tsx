import type { AlertsAnswer, AlertSource, AlertState } from "../../protocol/alert.ts";
import { followLink } from "../route.ts";

const STATE_TEXT = { ok: "OK", pending: "Pending", firing: "Firing" } as const;

interface AlertListProps {
  rules: readonly AlertSource[] | undefined;
  standing: AlertsAnswer | undefined;
}

/** The rules, those that fire first. */
export function AlertList({ rules, standing }: AlertListProps) {
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
            <th scope="col">Metric</th>
            <th scope="col">Condition</th>
            <th scope="col">Groups</th>
          </tr>
        </thead>
        <tbody>
          {[...rules]
            .sort((a, b) => firing(b) - firing(a) || (a.name < b.name ? -1 : 1))
            .map((rule) => (
              <RuleRow key={rule.name} rule={rule} state={states.get(rule.name)} />
            ))}
        </tbody>
      </table>
    </div>
  );
}

function RuleRow({ rule, state }: { rule: AlertSource; state: AlertState | undefined }) {
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
      </th>
      <td>{rule.metric}</td>
      <td>
        <code>{rule.condition}</code>
        {rule.for !== undefined && ` for ${rule.for}`}
      </td>
      <td>{groupsOf(state)}</td>
    </tr>
  );
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
    [state?.pending ?? 0, "pending"],
    [state?.waiting ?? 0, "undelivered"],
    [state?.untracked ?? 0, "left out"],
  ] as const;
  return parts.flatMap(([count, what]) => (count > 0 ? [`${count} ${what}`] : [])).join(", ") || "–";
}
