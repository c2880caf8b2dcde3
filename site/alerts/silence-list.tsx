import { useRef, useState } from "preact/hooks";
import type { Silence } from "../../protocol/silence.ts";
import { announce } from "../announce.tsx";
import { RequestError } from "../api.ts";
import { KeyAsk, ownKey, takeOwnKey } from "../build/own-key.tsx";
import { DialogFrame } from "../on-demand/dialog.tsx";
import { groupText } from "../on-demand/group-text.ts";
import { formatMoment } from "../time/time-axis.ts";
import { AlertRequests } from "./alert-requests.ts";

interface SilenceListProps {
  silences: readonly Silence[] | undefined;
  requests: AlertRequests;
  /** Something has been lifted. */
  onLifted: () => void;
}

/** The silences in force, each to be lifted. */
export function SilenceList({ silences, requests, onLifted }: SilenceListProps) {
  const title = useRef<HTMLHeadingElement>(null);
  const [refused, setRefused] = useState<{ message: string; silence: Silence }>();
  const [fault, setFault] = useState<string>();
  const lift = async (silence: Silence, using: AlertRequests): Promise<void> => {
    try {
      await using.lift(silence.id);
      setFault(undefined);
      announce(`${silence.alert} tells again.`);
      // The button that had the focus goes away.
      title.current?.focus();
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      if (error.isRefusal) setRefused({ message: error.message, silence });
      else setFault(error.message);
    }
    onLifted();
  };
  if (silences === undefined) return null;
  return (
    <section class="alerts-section" aria-labelledby="alert-silences">
      <h2 class="alerts-title" id="alert-silences" ref={title} tabIndex={-1}>
        Silences
      </h2>
      {fault !== undefined && (
        <p class="fault" role="alert">
          {fault}
        </p>
      )}
      {silences.length === 0 ? (
        <p class="alerts-note">None: whatever fires is told.</p>
      ) : (
        <ul class="alerts-silences">
          {silences.map((silence) => (
            <li key={silence.id} class="alerts-silence">
              <span class="alerts-silence-what">
                <b>{silence.alert}</b> {scopeText(silence)}
                <span class="alerts-silenced">until {formatMoment(silence.until)}</span>
                <span class="alerts-silence-why">{silence.comment}</span>
              </span>
              <button
                type="button"
                class="button"
                aria-label={`Lift the silence of ${silence.alert} ${scopeText(silence)}`.trim()}
                onClick={() => void lift(silence, requests)}
              >
                Lift
              </button>
            </li>
          ))}
        </ul>
      )}
      {refused !== undefined && (
        <DialogFrame title="This needs an admin key" onClose={() => setRefused(undefined)}>
          <KeyAsk
            why="Once it is lifted, what still fires is sent. Whoever runs this server has it."
            refusal={ownKey.value === undefined ? undefined : `That key does not do: ${refused.message}`}
            action="Lift"
            onKey={(given) => {
              takeOwnKey(given);
              setRefused(undefined);
              void lift(refused.silence, new AlertRequests(given));
            }}
          />
        </DialogFrame>
      )}
    </section>
  );
}

function scopeText({ groups }: Silence): string {
  return (groups ?? []).map(groupText).join(" or ");
}
