import { useMemo, useState } from "preact/hooks";
import type { Dashboard } from "../../protocol/dashboard.ts";
import type { ShareScope } from "../../protocol/share.ts";
import type { Catalog } from "../api.ts";
import { Field, SelectField } from "../build/field.tsx";
import { parseGroups } from "../on-demand/group-text.ts";

/** What is asked of the server. */
export interface ShareWish extends ShareScope {
  expiresIn: string;
}

const LIFETIMES = [
  { value: "1h", label: "1 hour" },
  { value: "1d", label: "1 day" },
  { value: "7d", label: "7 days" },
  { value: "30d", label: "30 days" },
  { value: "90d", label: "90 days" },
  { value: "365d", label: "1 year" },
];

interface ShareFormProps {
  dashboard: Dashboard;
  /** Those that there are: a panel may draw one that is gone. */
  metrics: Catalog["metrics"];
  fault: string | undefined;
  onWish: (wish: ShareWish) => void;
}

/** What a link shows, and until when. */
export function ShareForm({ dashboard, metrics: known, fault, onWish }: ShareFormProps) {
  const titles = useMemo(() => panelsByMetric(dashboard, known), [dashboard, known]);
  const [left, setLeft] = useState<ReadonlySet<string>>(new Set());
  const [groupsText, setGroupsText] = useState("");
  const [expiresIn, setExpiresIn] = useState("7d");
  const { groups, fault: groupsFault } = parseGroups(groupsText);
  const metrics = [...titles.keys()].filter((metric) => !left.has(metric));
  const toggle = (metric: string): void => {
    const next = new Set(left);
    if (!next.delete(metric)) next.add(metric);
    setLeft(next);
  };
  return (
    <form
      class="share-form"
      aria-label="New link"
      onSubmit={(event) => {
        event.preventDefault();
        onWish({ dashboard: dashboard.name, metrics, ...(groups && { groups }), expiresIn });
      }}
    >
      <fieldset class="share-metrics">
        <legend class="field-label">What it shows</legend>
        {[...titles].map(([metric, panels]) => (
          <label key={metric} class="share-metric">
            <input type="checkbox" checked={!left.has(metric)} onChange={() => toggle(metric)} />
            <span>
              {panels.join(" · ")} <code>{metric}</code>
            </span>
          </label>
        ))}
      </fieldset>
      <div class="share-row">
        <Field label="Only these groups" hint="One a line, campaign: autumn; empty: all" fault={groupsFault}>
          {(control) => (
            <textarea
              {...control}
              class="input"
              rows={2}
              value={groupsText}
              onInput={(event) => setGroupsText(event.currentTarget.value)}
            />
          )}
        </Field>
        <SelectField label="Expires after" value={expiresIn} options={LIFETIMES} onChange={setExpiresIn} />
      </div>
      {fault !== undefined && (
        <p class="fault" role="alert">
          {fault}
        </p>
      )}
      <button
        type="submit"
        class="button button-primary"
        disabled={metrics.length === 0 || groupsFault !== undefined}
      >
        Make a link
      </button>
    </form>
  );
}

/** The metrics that a dashboard draws, each with the titles of its panels. */
function panelsByMetric({ panels }: Dashboard, known: Catalog["metrics"]): Map<string, string[]> {
  const titles = new Map<string, string[]>();
  const drawn = panels.filter(({ metric }) => known.has(metric));
  for (const { metric, title } of drawn) titles.set(metric, [...(titles.get(metric) ?? []), title]);
  return titles;
}
