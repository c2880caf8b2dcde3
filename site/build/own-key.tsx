import { useId, useState } from "preact/hooks";
import { Store } from "../store.ts";

const STORAGE_KEY = "freshet.own-key";

/** A key that somebody has given for what the page's own may not do: saving, and seeing raw events. For this tab only. */
export const ownKey = new Store<string | undefined>(kept());

export function takeOwnKey(key: string | undefined): void {
  try {
    if (key === undefined) sessionStorage.removeItem(STORAGE_KEY);
    else sessionStorage.setItem(STORAGE_KEY, key);
  } catch {
    // Storage is forbidden: the key lasts as long as the page.
  }
  ownKey.set(key);
}

function kept(): string | undefined {
  try {
    return sessionStorage.getItem(STORAGE_KEY) ?? undefined;
  } catch {
    return undefined;
  }
}

interface KeyAskProps {
  /** Absent: it stands in a dialog that has one. */
  title?: string;
  /** Why the key at hand does not do. */
  why: string;
  /** What the server said to the last key. */
  refusal: string | undefined;
  action: string;
  onKey: (key: string) => void;
}

/** Asks for a key and says what for. */
export function KeyAsk({ title, why, refusal, action, onKey }: KeyAskProps) {
  const [key, setKey] = useState("");
  const id = useId();
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    if (key.trim() !== "") onKey(key.trim());
  };
  return (
    <form class="key-ask" onSubmit={submit} aria-label={title ?? "Key"}>
      {title !== undefined && <h2 class="dialog-title">{title}</h2>}
      <p class="key-ask-why" id={`${id}-why`}>
        {why} The key stays in this tab and is forgotten when it is closed.
      </p>
      <label class="field-label" for={id}>
        Key
      </label>
      <div class="key-row">
        <input
          id={id}
          class="input"
          type="password"
          autocomplete="off"
          spellcheck={false}
          autofocus
          ref={(element) => element?.focus()}
          value={key}
          aria-invalid={refusal !== undefined}
          aria-describedby={refusal === undefined ? `${id}-why` : `${id}-refusal`}
          onInput={(event) => setKey(event.currentTarget.value)}
        />
        <button type="submit" class="button button-primary" disabled={key.trim() === ""}>
          {action}
        </button>
      </div>
      {refusal !== undefined && (
        <p class="fault" id={`${id}-refusal`} role="alert">
          {refusal}
        </p>
      )}
    </form>
  );
}
