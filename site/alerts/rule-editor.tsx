import { useState } from "preact/hooks";
import type { AlertSource } from "../../protocol/alert.ts";
import { announce } from "../announce.tsx";
import { RequestError } from "../api.ts";
import { SelectField, TextField } from "../build/field.tsx";
import { KeyAsk, ownKey, takeOwnKey } from "../build/own-key.tsx";
import { Requests } from "../build/requests.ts";
import { DialogFrame } from "../on-demand/dialog.tsx";
import type { DrawnMetric } from "../series/traits.ts";
import { AlertRequests } from "./alert-requests.ts";
import { GroupsText } from "./groups-text.tsx";
import { RuleConflictNote } from "./rule-conflict.tsx";
import { COMPARISONS, formOf, type RuleForm, ruleOf } from "./rule-form.ts";
import { RulePreview } from "./rule-preview.tsx";
import { deleteRule, type RuleConflict, saveRule } from "./save-rule.ts";

interface RuleEditorProps {
  /** Absent: a new one. */
  rule: AlertSource | undefined;
  metrics: ReadonlyMap<string, DrawnMetric>;
  requests: AlertRequests;
  onDone: () => void;
}

/** What has been asked of the server, and has not been done; `needsKey`: another key could help. */
type Refused = { what: "Save" | "Delete" } & (
  | { message: string; needsKey: boolean }
  | { conflict: RuleConflict; using: AlertRequests }
);

/** A rule as a form, and what it would have fired. */
export function RuleEditor({ rule, metrics, requests, onDone }: RuleEditorProps) {
  const names = [...metrics]
    .filter(([, metric]) => !/^(topk|histogram)\b/.test(metric.aggregate))
    .map(([name]) => name);
  const [form, setForm] = useState<RuleForm>(() =>
    formOf(rule ?? { name: "", metric: names[0] ?? "", condition: "> 0" }),
  );
  const [isMoved, setMoved] = useState(false);
  /** What the form was made of, and by which key that was seen. */
  const [base, setBase] = useState({ rule, seenBy: requests });
  const [refused, setRefused] = useState<Refused>();
  const { rule: next, fault } = ruleOf(form);
  const change = (part: Partial<RuleForm>): void => {
    setForm((before) => ({ ...before, ...part }));
    setRefused(undefined);
  };
  const run = async (what: Refused["what"], using: AlertRequests, over = base): Promise<void> => {
    const catalog = new Requests(using.key);
    const { rule: seen, seenBy } = over;
    // By the key that may change it, it was seen whole.
    const from = { rule: seen, isWhole: seen?.webhook !== undefined || using === seenBy };
    try {
      const conflict =
        what === "Delete"
          ? await deleteRule(next, from, catalog)
          : await saveRule(next, from, rule !== undefined && !isMoved, catalog);
      if (conflict === undefined) onDone();
      else setRefused({ what, conflict, using });
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      setRefused({ what, message: error.message, needsKey: error.isRefusal });
    }
  };
  const takeTheirs = (theirs: AlertSource, seenBy: AlertRequests): void => {
    setBase({ rule: theirs, seenBy });
    setForm(formOf(theirs));
    setMoved(false);
    setRefused(undefined);
    announce("Theirs is taken.");
  };
  return (
    <div class="alerts-editor">
      <form
        class="alerts-form"
        aria-label="Alert"
        onSubmit={(event) => {
          event.preventDefault();
          void run("Save", requests);
        }}
      >
        {rule === undefined && (
          <TextField
            label="Name"
            value={form.name}
            placeholder="many_errors"
            onChange={(name) => change({ name })}
          />
        )}
        <SelectField
          label="Metric"
          value={form.metric}
          options={names.map((name) => ({ value: name, label: name }))}
          onChange={(metric) => change({ metric })}
        />
        <div class="alerts-row">
          <SelectField
            label="Condition"
            value={form.comparison}
            options={COMPARISONS.map((value) => ({ value, label: value }))}
            onChange={(comparison) => change({ comparison })}
          />
          {form.comparison !== "no data" && (
            <TextField label="Bound" value={form.bound} onChange={(bound) => change({ bound })} />
          )}
          <TextField
            label="For"
            hint="5m; empty: one window is enough"
            value={form.for}
            onChange={(text) => change({ for: text })}
          />
        </div>
        <GroupsField metric={metrics.get(form.metric)} form={form} fault={fault} onChange={change} />
        <TextField
          label="Webhook"
          hint={
            rule === undefined || rule.webhook !== undefined || isMoved
              ? "Empty: it is shown here only"
              : "Stays as it is unless you change it: only an admin key is told where it goes"
          }
          value={form.webhook}
          placeholder="https://hooks.example.com/freshet"
          onChange={(webhook) => (setMoved(true), change({ webhook }))}
        />
        {refused !== undefined && "message" in refused && !refused.needsKey && (
          <p class="fault" role="alert">
            {refused.message}
          </p>
        )}
        {refused !== undefined && "conflict" in refused && (
          <RuleConflictNote
            conflict={refused.conflict}
            what={refused.what}
            onTakeTheirs={() => refused.conflict.stored && takeTheirs(refused.conflict.stored, refused.using)}
            onOverwrite={() => {
              const { what, conflict, using } = refused;
              const over = { rule: conflict.stored, seenBy: using };
              setBase(over);
              void run(what, using, over);
            }}
          />
        )}
        <div class="alerts-actions">
          <button
            type="submit"
            class="button button-primary"
            disabled={next.name === "" || fault !== undefined}
          >
            Save
          </button>
          {rule !== undefined && (
            <button type="button" class="button alerts-delete" onClick={() => void run("Delete", requests)}>
              Delete
            </button>
          )}
        </div>
      </form>
      <RulePreview rule={next} metric={metrics.get(form.metric)} requests={requests} />
      {refused !== undefined && "message" in refused && refused.needsKey && (
        <DialogFrame title="This needs an admin key" onClose={() => setRefused(undefined)}>
          <KeyAsk
            why="Alerts can be tried without one. Whoever runs this server has it."
            refusal={ownKey.value === undefined ? undefined : `That key does not do: ${refused.message}`}
            action={refused.what}
            onKey={(given) => {
              takeOwnKey(given);
              void run(refused.what, new AlertRequests(given));
            }}
          />
        </DialogFrame>
      )}
    </div>
  );
}

interface GroupsFieldProps {
  metric: DrawnMetric | undefined;
  form: RuleForm;
  fault: string | undefined;
  onChange: (part: Partial<RuleForm>) => void;
}

function GroupsField({ metric, form, fault, onChange }: GroupsFieldProps) {
  const keys = metric?.groupBy ?? [];
  if (keys.length === 0 && form.groups === "") return null;
  const hint = `Empty: each by itself. One a line, ${keys[0] ?? "key"}: value`;
  return (
    <GroupsText hint={hint} fault={fault} value={form.groups} onChange={(groups) => onChange({ groups })} />
  );
}
