import type { Context } from "hono";
import type { Grant } from "../../durable-objects/catalog.ts";
import { hubName } from "../../durable-objects/live/hub-tree.ts";
import { encodeSocketShare, SHARE_HEADER } from "../../durable-objects/live/shared-sockets.ts";
import { KEY_HEADER } from "../../durable-objects/live/socket-grants.ts";
import { type App, authorize, hashKey, keyOf } from "../authorize.ts";
import { HttpError } from "../http-error.ts";
import { isRefusal, refusingSocket } from "./refusing-socket.ts";
import { KNOWN_SUBPROTOCOLS, readSubprotocols } from "./subprotocols.ts";

/** 32,000 sockets a hub are more than a machine can serve: this bounds the search for a free one only. */
const MOST_HUBS = 1_000;
/** How long an isolate goes on with the hub that took the last socket; then the first are tried again. */
const OPEN_HUB_AGE_MS = 10_000;

const openHubs = new Map<string, { index: number; untilMs: number }>();

/** `GET /v1/live`: hands the WebSocket to the first hub of the project that is not full. */
export async function getLive(c: Context<App>): Promise<Response> {
  if (c.req.header("upgrade")?.toLowerCase() !== "websocket") {
    throw new HttpError(426, "upgrade_required", "this is a WebSocket endpoint", { upgrade: "websocket" });
  }
  const { offered, protocol, key } = readSubprotocols(c.req.header("sec-websocket-protocol"));
  if (offered.length > 0 && protocol === undefined) {
    const names = offered.filter((each) => each !== key || offered.length === 1).join(", ");
    const message = `the subprotocols are '${names}'; expected ${KNOWN_SUBPROTOCOLS} among them`;
    throw new HttpError(400, "subprotocol", message);
  }
  let grant: Grant;
  try {
    grant = await authorize(c, "read", "admin", "share");
  } catch (error) {
    // Who names no subprotocol may be no WebSocket client at all, and can read the answer.
    if (protocol === undefined || !(error instanceof HttpError) || !isRefusal(error)) throw error;
    return refusingSocket(protocol, error);
  }
  const { project } = grant;
  const request = await asHubTakesIt(c.req.raw, grant, protocol);
  const nowMs = Date.now();
  const known = openHubs.get(project);
  const isFresh = known !== undefined && known.untilMs > nowMs;
  for (let index = isFresh ? known.index : 0; index < MOST_HUBS; index++) {
    const response = await c.env.LIVE_HUB.getByName(hubName(project, index)).fetch(request);
    if (response.status === 503) continue;
    if (known?.index !== index || !isFresh)
      openHubs.set(project, { index, untilMs: nowMs + OPEN_HUB_AGE_MS });
    return response;
  }
  throw new HttpError(503, "full", `all ${MOST_HUBS} hubs of the project are full`, { "retry-after": "5" });
}

/** The request as a hub takes it: with what opened it and what is spoken, and without what a client may have said of that. */
async function asHubTakesIt(request: Request, { share }: Grant, protocol?: string): Promise<Request> {
  const headers = new Headers(request.headers);
  if (protocol !== undefined) headers.set("sec-websocket-protocol", protocol);
  if (share === undefined) {
    headers.delete(SHARE_HEADER);
    headers.set(KEY_HEADER, await hashKey(keyOf(request) ?? ""));
  } else {
    headers.delete(KEY_HEADER);
    headers.set(SHARE_HEADER, encodeSocketShare(share));
  }
  return new Request(request, { headers });
}
