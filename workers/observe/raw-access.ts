import type { Context } from "hono";
import type { Grant } from "../../durable-objects/catalog.ts";
import { settingsOf } from "../../durable-objects/env.ts";
import { type App, authorize, keyOf } from "../authorize.ts";
import { HttpError } from "../http-error.ts";

/** Whether the request's key is the one that everybody is given. */
export function isPublicKey(c: Context<App>): boolean {
  const { publicReadKey } = settingsOf(c.env);
  return publicReadKey !== undefined && keyOf(c.req.raw) === publicReadKey;
}

/**
 * Authorizes whoever wants to see events as they are: with users, ids and whatever else is in them.
 *
 * @throws HttpError as {@link authorize}; 403 with the key that everybody is given.
 */
export async function authorizeRaw(c: Context<App>): Promise<Grant> {
  const grant = await authorize(c, "read", "admin");
  if (!isPublicKey(c)) return grant;
  const message = "PUBLIC_READ_KEY shows no raw events; send a read or admin key that was given to you";
  throw new HttpError(403, "public_key", message);
}
