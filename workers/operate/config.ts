import type { Context } from "hono";
import { settingsOf } from "../../durable-objects/env.ts";
import type { App } from "../authorize.ts";

/** `GET /v1/config`: what the dashboard needs before it has a key. */
export function getConfig(c: Context<App>): Response {
  const { publicReadKey } = settingsOf(c.env);
  return c.json(publicReadKey === undefined ? {} : { publicReadKey });
}
