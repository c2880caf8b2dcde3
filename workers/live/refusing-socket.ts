import { type ErrorMessage, REFUSAL_CLOSE_CODES } from "../../protocol/live.ts";
import type { HttpError } from "../http-error.ts";

/** A close frame holds 123 bytes of text; a character that is cut becomes one of three bytes. */
const REASON_BYTES = 120;

/** Whether the same key is of no use the next time either. */
export function isRefusal({ status }: HttpError): boolean {
  return status === 401 || status === 403;
}

/**
 * A socket that is opened to say why it is closed. Of a handshake that fails a page learns nothing, and would try again for
 * ever.
 */
export function refusingSocket(subprotocol: string, { status, message }: HttpError): Response {
  const code = status === 401 ? "unauthorized" : "forbidden";
  const { 0: client, 1: server } = new WebSocketPair();
  server.accept();
  server.send(JSON.stringify({ type: "error", code, message } satisfies ErrorMessage));
  const reason = new TextEncoder().encode(message).slice(0, REASON_BYTES);
  server.close(REFUSAL_CLOSE_CODES[code], new TextDecoder().decode(reason));
  const headers = { "sec-websocket-protocol": subprotocol };
  return new Response(null, { status: 101, webSocket: client, headers });
}
