import type { ConnectionState } from "../series/connection.ts";
import { useStore, useTick } from "../hooks.ts";
import { useLive } from "../series/live.ts";

/** Where the live connection stands, and how often it was lost. */
export function ConnectionBadge() {
  const state = useStore(useLive().state);
  useTick(1_000);
  const { tone, text } = describeConnection(state, Date.now());
  const lost = state.reconnects === 1 ? "reconnected once" : `reconnected ${state.reconnects} times`;
  return (
    <span class={`connection connection-${tone}`} title={state.reconnects > 0 ? lost : undefined}>
      <span class="connection-dot" aria-hidden="true" />
      <span class="connection-text">{text}</span>
      {state.reconnects > 0 && (
        <span class="connection-count">
          <span aria-hidden="true">↻ {state.reconnects}</span>
          <span class="visually-hidden">, {lost}</span>
        </span>
      )}
    </span>
  );
}

function describeConnection(state: ConnectionState, nowMs: number): { tone: string; text: string } {
  // A server on this very machine may be reached all the same.
  if (!navigator.onLine && state.phase !== "open" && state.phase !== "closed") {
    return { tone: "waiting", text: "Offline" };
  }
  switch (state.phase) {
    case "open":
      return { tone: "open", text: "Connected" };
    case "connecting":
      return { tone: "connecting", text: "Connecting" };
    case "closed":
      return { tone: "closed", text: state.refusal?.message ?? "Closed" };
    case "waiting": {
      const seconds = Math.ceil(Math.max(0, (state.retryAtMs ?? nowMs) - nowMs) / 1000);
      return { tone: "waiting", text: seconds > 0 ? `Retrying in ${seconds} s` : "Retrying" };
    }
  }
}
