import type { MiddlewareHandler } from "hono";
import type { App } from "./authorize.ts";

/**
 * Tells readers the server's time, by which the dashboard draws. Cloudflare writes this header itself; a bare workerd, as
 * on a laptop, does not.
 */
export const serverDate: MiddlewareHandler<App> = async (c, next) => {
  await next();
  // The answer to an upgrade has no headers that could be changed.
  if (c.req.method !== "GET" || c.res.status === 101) return;
  c.res = new Response(c.res.body, c.res);
  c.res.headers.set("date", new Date().toUTCString());
};
