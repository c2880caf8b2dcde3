import { useState } from "preact/hooks";
import { RequestError } from "../api.ts";
import { KeyAsk, ownKey, takeOwnKey } from "../build/own-key.tsx";
import { CopyField } from "../on-demand/copy-field.tsx";
import { AlertRequests } from "./alert-requests.ts";

type Shown = { phase: "hidden" } | { phase: "key"; refusal?: string } | { phase: "shown"; secret: string };

/** What webhooks are signed with: for who writes a receiver. */
export function SigningSecret({ requests }: { requests: AlertRequests }) {
  const [shown, setShown] = useState<Shown>({ phase: "hidden" });
  const show = async (using: AlertRequests): Promise<void> => {
    try {
      setShown({ phase: "shown", secret: await using.secret() });
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      const before = ownKey.value;
      setShown(before === undefined ? { phase: "key" } : { phase: "key", refusal: error.message });
    }
  };
  return (
    <section class="alerts-section" aria-labelledby="alert-secret">
      <h2 class="alerts-title" id="alert-secret">
        Webhooks
      </h2>
      <p class="alerts-note">
        Notifications are signed as Standard Webhooks says: a receiver checks <code>webhook-signature</code>{" "}
        with this project’s secret.
      </p>
      {shown.phase === "shown" ? (
        <CopyField label="Secret" text={shown.secret} />
      ) : shown.phase === "key" ? (
        <KeyAsk
          why="Only an admin key is told the secret."
          refusal={shown.refusal}
          action="Show"
          onKey={(given) => {
            takeOwnKey(given);
            void show(new AlertRequests(given));
          }}
        />
      ) : (
        <button type="button" class="button" onClick={() => void show(requests)}>
          Show the secret
        </button>
      )}
    </section>
  );
}
