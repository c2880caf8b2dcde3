import { LIVE_SUBPROTOCOL } from "../protocol/live.ts";
import {
  Connection,
  type ConnectionEnvironment,
  type ConnectionSocket,
  type ConnectionState,
  type SocketEvents,
} from "./connection.ts";

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
  const connection = new Connection(browserEnvironment(origin, key), onState);
  const listening = new AbortController();
  const wake = (): void => {
    if (document.visibilityState === "visible") connection.wake();
  };
  addEventListener("online", wake, listening);
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

/** A token of RFC 9110: only such a key can travel as a subprotocol. */
const TOKEN = /^[\w!#$%&'*+\-.^`|~]+$/;

/** The browser, as an environment. */
function browserEnvironment(origin: string, key: string): ConnectionEnvironment {
  const url = new URL("/v1/live", origin);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  const protocols = TOKEN.test(key) ? [LIVE_SUBPROTOCOL, key] : [LIVE_SUBPROTOCOL];
  if (protocols.length === 1) url.searchParams.set("key", key);
  return {
    connect: (events) => connectBrowserSocket(url, protocols, events),
    nowMs: () => Date.now(),
    random: () => Math.random(),
    after: (ms, task) => {
      const timer = setTimeout(task, ms);
      return () => clearTimeout(timer);
    },
  };
}

function connectBrowserSocket(url: URL, protocols: string[], events: SocketEvents): ConnectionSocket {
  const socket = new WebSocket(url, protocols);
  socket.addEventListener("open", () => events.open());
  socket.addEventListener("message", ({ data }) => events.message(String(data)));
  socket.addEventListener("close", ({ code, reason }) => events.close(code, reason));
  return {
    send: (text) => {
      if (socket.readyState === WebSocket.OPEN) socket.send(text);
    },
    close: () => socket.close(),
  };
}
