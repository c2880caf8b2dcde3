import type { Context } from "hono";
import type { Grant } from "../../durable-objects/catalog.ts";
import { encodeSocketShare, SHARE_HEADER } from "../../durable-objects/live/shared-sockets.ts";
import { LIVE_SUBPROTOCOL } from "../../protocol/live.ts";
import { type App, authorize } from "../authorize.ts";
import { HttpError } from "../http-error.ts";

/** `GET /v1/live`: hands the WebSocket to the project's hub. */
export async function getLive(c: Context<App>): Promise<Response> {
  if (c.req.header("upgrade")?.toLowerCase() !== "websocket") {
    throw new HttpError(426, "upgrade_required", "this is a WebSocket endpoint", { upgrade: "websocket" });
  }
  const offered = c.req
    .header("sec-websocket-protocol")
    ?.split(",")
    .map((name) => name.trim());
  if (offered !== undefined && offered[0] !== LIVE_SUBPROTOCOL) {
    throw new HttpError(
      400,
      "subprotocol",
      `the first subprotocol is '${offered[0]}'; expected ${LIVE_SUBPROTOCOL}`,
    );
  }
  const grant = await authorize(c, "read", "admin", "share");
  return c.env.LIVE_HUB.getByName(grant.project).fetch(withShare(c.req.raw, grant));
}

/** The request as a hub takes it: with what a share token grants, and without what a client may have said of that. */
function withShare(request: Request, { share }: Grant): Request {
  const headers = new Headers(request.headers);
  if (share === undefined) headers.delete(SHARE_HEADER);
  else headers.set(SHARE_HEADER, encodeSocketShare(share));
  return new Request(request, { headers });
}
