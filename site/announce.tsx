import { useStore } from "./hooks.ts";
import { Store } from "./store.ts";

const said = new Store("");

/** Has a screen reader say `text` when it has a moment. */
export function announce(text: string): void {
  // The same words twice are a change only if something else stood between them.
  said.set(said.value === text ? `${text}\u00A0` : text);
}

/** Where it is said; one a page. */
export function Announcer() {
  return (
    <p class="visually-hidden" role="status">
      {useStore(said)}
    </p>
  );
}
