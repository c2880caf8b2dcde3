import type { MiddlewareHandler } from "hono";
import type { App } from "./authorize.ts";

const ALLOWED_HEADERS =
  "authorization, content-type, content-encoding, idempotency-key, sent-at, x-api-key, x-freshet-project, " +
  "if-match, if-none-match, " +
  "ce-specversion, ce-id, ce-type, ce-source, ce-time, ce-subject";
const EXPOSED_HEADERS = "etag, retry-after, ratelimit-limit, ratelimit-remaining, ratelimit-reset";

/** Lets pages of any origin call: it is the key that says which origins may, and no cookie is ever read. */
export const crossOrigin: MiddlewareHandler<App> = async (c, next) => {
  const origin = c.req.header("origin");
  if (c.req.method === "OPTIONS" && origin !== undefined) {
    return c.body(null, 204, {
      "access-control-allow-origin": origin,
      "access-control-allow-methods": "GET, POST, PUT, DELETE",
      "access-control-allow-headers": ALLOWED_HEADERS,
      "access-control-max-age": "86400",
      vary: "origin",
    });
  }
  await next();
  // The answer to an upgrade has no headers that could be changed.
  if (origin === undefined || c.res.status === 101) return;
  c.res = new Response(c.res.body, c.res);
  c.res.headers.set("access-control-allow-origin", origin);
  c.res.headers.set("access-control-expose-headers", EXPOSED_HEADERS);
  c.res.headers.append("vary", "origin");
};
