import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { ConnectionState } from "./connection.ts";
import { openFeed } from "./feed.ts";
import { LiveSeriesPool } from "./live-series.ts";
import { Store } from "../store.ts";
import type { View } from "../time/view.ts";

/** What is shared by everything that shows live data. */
export interface Live {
  view: View;
  state: Store<ConnectionState>;
  pool: LiveSeriesPool;
  close: () => void;
}

/**
 * Opens the page's connection with `key`; `onRefused` is told the server's words when it wants another, `onRenewed` that a
 * metric may be another than it was.
 */
export function openLive(
  key: string,
  view: View,
  onRefused: (message: string) => void,
  onRenewed: () => void,
): Live {
  const state = new Store<ConnectionState>({ phase: "connecting", reconnects: 0 });
  const { connection, close } = openFeed(location.origin, key, (next) => {
    state.set(next);
    if (next.refusal !== undefined) onRefused(next.refusal.message);
  });
  return { view, state, pool: new LiveSeriesPool(connection, view, onRenewed), close };
}

export const LiveContext = createContext<Live | undefined>(undefined);

/** The shared live connection; only for components below the provider. */
export function useLive(): Live {
  const live = useContext(LiveContext);
  if (live === undefined) throw new Error("useLive is called outside of LiveContext");
  return live;
}
