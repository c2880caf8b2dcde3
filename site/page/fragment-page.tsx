import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { useLoaded } from "../hooks.ts";
import type { PageProps, PageSlot, SlotContext } from "../slots.ts";

/** A page of `slots.ts`, which is loaded when it is first shown. */
export function FragmentPage({ slot, rest, ...context }: SlotContext & { slot: PageSlot; rest: string[] }) {
  const [attempt, setAttempt] = useState(0);
  const loaded = useLoaded<ComponentType<PageProps>>(slot.load, [slot.route, attempt]);
  useEffect(() => {
    document.title = `${slot.title} · Freshet`;
  }, [slot.title]);
  if (loaded.value !== undefined) return <loaded.value {...context} rest={rest} />;
  if (!loaded.failed) return <main class="page" aria-busy="true" aria-label={slot.title} />;
  return (
    <main class="notice">
      <h1 class="notice-title">{slot.title} cannot be loaded</h1>
      <p class="notice-text" role="alert">
        The server does not answer, or has a newer version of this page.
      </p>
      <button type="button" class="button" onClick={() => setAttempt((count) => count + 1)}>
        Try again
      </button>
    </main>
  );
}
