import { webSocketEnvironment } from "../../client/live/web-socket.ts";
import { Connection, type ConnectionState } from "./connection.ts";

/** The page's live connection, and what ends it. */
export interface Feed {
  connection: Connection;
  close: () => void;
}

/**
 * Opens the page's live connection.
 *
 * @param origin the page's, such as `https://stats.example`.
 */
export function openFeed(origin: string, key: string, onState: (state: ConnectionState) => void): Feed {
  const connection = new Connection(webSocketEnvironment(origin, key), onState);
  const listening = new AbortController();
  const wake = (): void => {
    if (document.visibilityState === "visible") connection.wake();
  };
  addEventListener("online", () => connection.wake(), listening);
  addEventListener("offline", () => connection.offline(), listening);
  document.addEventListener("visibilitychange", wake, listening);
  connection.start();
  return {
    connection,
    close: () => {
      listening.abort();
      connection.close();
    },
  };
}
