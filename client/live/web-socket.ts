import { COMPACT_SUBPROTOCOL } from "../../protocol/live.ts";
import type { ConnectionEnvironment, ConnectionSocket, SocketEvents } from "./connection.ts";

/** A token of RFC 9110: only such a key can travel as a subprotocol. */
const TOKEN = /^[\w!#$%&'*+\-.^`|~]+$/;

/**
 * The clock, and the `WebSocket` of browsers and of Node from 22 on.
 *
 * @param url where Freshet is, such as `https://stats.example`.
 * @param key a read key; one that is no token goes into the address.
 * @throws TypeError when `url` is none.
 */
export function webSocketEnvironment(url: string, key: string): ConnectionEnvironment {
  const address = new URL("/v1/live", url);
  address.protocol = /^(https|wss):$/.test(address.protocol) ? "wss:" : "ws:";
  const protocols = TOKEN.test(key) ? [COMPACT_SUBPROTOCOL, key] : [COMPACT_SUBPROTOCOL];
  if (protocols.length === 1) address.searchParams.set("key", key);
  return {
    connect: (events) => openSocket(address, protocols, events),
    nowMs: () => Date.now(),
    random: () => Math.random(),
    after: (ms, task) => {
      const timer = setTimeout(task, ms);
      return () => clearTimeout(timer);
    },
  };
}

function openSocket(address: URL, protocols: string[], events: SocketEvents): ConnectionSocket {
  const socket = new WebSocket(address, protocols);
  socket.binaryType = "arraybuffer";
  socket.addEventListener("open", () => events.open());
  socket.addEventListener("message", ({ data }: MessageEvent<string | ArrayBuffer>) =>
    events.message(typeof data === "string" ? data : new Uint8Array(data)),
  );
  socket.addEventListener("close", ({ code, reason }) => events.close(code, reason));
  return {
    send: (text) => {
      if (socket.readyState === WebSocket.OPEN) socket.send(text);
    },
    close: () => socket.close(),
  };
}
