import { useState } from "preact/hooks";
import type { Silence } from "../../protocol/silence.ts";
import { announce } from "../announce.tsx";
import { RequestError } from "../api.ts";
import { Field, SelectField, TextField } from "../build/field.tsx";
import { KeyAsk, ownKey, takeOwnKey } from "../build/own-key.tsx";
import { DialogFrame } from "../on-demand/dialog.tsx";
import { formatMoment } from "../time/time-axis.ts";
import { AlertRequests } from "./alert-requests.ts";
import { GroupsText } from "./groups-text.tsx";
import {
  knownSilence,
  LENGTHS,
  type SilenceForm,
  silenceFormOf,
  type SilenceTarget,
  silenceWishOf,
  UNTIL_TIME,
} from "./silence-form.ts";

interface SilenceDialogProps {
  target: SilenceTarget;
  /** Keys of the metric's groups. */
  groupBy: readonly string[];
  silences: readonly Silence[];
  requests: AlertRequests;
  onClose: () => void;
  /** It is silenced now. */
  onDone: () => void;
}

/** Asks until when an alert is to tell nobody, of which groups, and why. */
export function SilenceDialog(props: SilenceDialogProps) {
  const { target, groupBy, silences, requests, onClose, onDone } = props;
  const [form, setForm] = useState(() => silenceFormOf(target, knownSilence(target, silences)));
  const [refusal, setRefusal] = useState<string>();
  const [fault, setFault] = useState<string>();
  const { wish, groupsFault, untilFault } = silenceWishOf(target.alert, form);
  const known = knownSilence(wish, silences);
  const change = (part: Partial<SilenceForm>): void => {
    setForm((before) => ({ ...before, ...part }));
    setFault(undefined);
  };
  const run = async (using: AlertRequests): Promise<void> => {
    try {
      const { until } = await using.silence(wish);
      announce(`${target.alert} is silenced until ${formatMoment(until)}.`);
      onDone();
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      if (error.isRefusal) setRefusal(error.message);
      else setFault(error.message);
    }
  };
  return (
    <DialogFrame title={`Silence ${target.alert}`} onClose={onClose}>
      {refusal !== undefined ? (
        <KeyAsk
          why="While an alert is silenced nobody is told of it: this takes an admin key."
          refusal={ownKey.value === undefined ? undefined : `That key does not do: ${refusal}`}
          action="Silence"
          onKey={(given) => {
            takeOwnKey(given);
            setRefusal(undefined);
            void run(new AlertRequests(given));
          }}
        />
      ) : (
        <form
          class="alerts-form"
          aria-label="Silence"
          onSubmit={(event) => {
            event.preventDefault();
            void run(requests);
          }}
        >
          <p class="alerts-note">
            It goes on being evaluated and drawn, and nothing is sent. What still fires at the end is sent
            then.
          </p>
          <div class="alerts-row">
            <SelectField
              label="For"
              value={form.length}
              options={LENGTHS}
              onChange={(length) => change({ length })}
            />
            {form.length === UNTIL_TIME && (
              <UntilField value={form.until} fault={untilFault} onChange={(until) => change({ until })} />
            )}
          </div>
          {groupBy.length > 0 && (
            <GroupsText
              hint={`Empty: all. One a line, ${groupBy[0]}: value`}
              fault={groupsFault}
              value={form.groups}
              onChange={(groups) => change({ groups })}
            />
          )}
          <TextField
            label="Comment"
            hint="Why: whoever comes next wants to know"
            value={form.comment}
            onChange={(comment) => change({ comment })}
          />
          {known !== undefined && (
            <p class="alerts-note">{`It is silenced until ${formatMoment(known.until)}: this gives it another end.`}</p>
          )}
          {fault !== undefined && (
            <p class="fault" role="alert">
              {fault}
            </p>
          )}
          <div class="alerts-actions">
            <button
              type="submit"
              class="button button-primary"
              disabled={wish.comment === "" || groupsFault !== undefined || untilFault !== undefined}
            >
              Silence
            </button>
          </div>
        </form>
      )}
    </DialogFrame>
  );
}

interface UntilFieldProps {
  value: string;
  fault: string | undefined;
  onChange: (until: string) => void;
}

function UntilField({ value, fault, onChange }: UntilFieldProps) {
  return (
    <Field label="Until" hint={value === "" ? fault : undefined} fault={value === "" ? undefined : fault}>
      {(control) => (
        <input
          {...control}
          class="input"
          type="datetime-local"
          value={value}
          onInput={(event) => onChange(event.currentTarget.value)}
        />
      )}
    </Field>
  );
}
