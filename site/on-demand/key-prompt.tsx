import { useState } from "preact/hooks";
import { PlainHeader } from "../page/header.tsx";
import "../styles/form.css";
import "../styles/key-prompt.css";

export interface KeyPromptProps {
  /** Why the server did not take the key before. */
  refusal: string | undefined;
  onKey: (key: string) => void;
}

/** Asks for a read key and says what that is. */
export function KeyPrompt({ refusal, onKey }: KeyPromptProps) {
  const [key, setKey] = useState("");
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    if (key.trim() !== "") onKey(key.trim());
  };
  return (
    <>
      <PlainHeader />
      <main class="notice">
        <h1 class="notice-title">A read key opens this dashboard</h1>
        <p class="notice-text">
          Whoever runs this server gives one to those who may look. It is kept in this tab only, and forgotten
          when the tab is closed.
        </p>
        <form class="key-form" onSubmit={submit}>
          <label class="key-label" for="key">
            Read key
          </label>
          <div class="key-row">
            <input
              id="key"
              class="input"
              type="password"
              autocomplete="off"
              spellcheck={false}
              autofocus
              value={key}
              aria-invalid={refusal !== undefined}
              aria-describedby={refusal === undefined ? undefined : "key-refusal"}
              onInput={(event) => setKey(event.currentTarget.value)}
            />
            <button type="submit" class="button button-primary" disabled={key.trim() === ""}>
              Open
            </button>
          </div>
          {refusal !== undefined && (
            <p class="key-refusal" id="key-refusal" role="alert">
              That key was not accepted: {refusal}
            </p>
          )}
        </form>
        <p class="notice-text notice-hint">
          A link can carry it, too: <code>/?key=…</code>; the address bar is cleaned at once.
        </p>
      </main>
    </>
  );
}
