import type { Context } from "hono";
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
  const grant = await authorize(c, "read", "admin");
  return c.env.LIVE_HUB.getByName(grant.project).fetch(c.req.raw);
}
