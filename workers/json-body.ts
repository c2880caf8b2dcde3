import type { Context } from "hono";
import { exceedsBytes, LIMITS, utf8Length } from "../protocol/limits.ts";
import type { App } from "./authorize.ts";
import { HttpError } from "./http-error.ts";
import { readBody } from "./ingest/read-body.ts";

/** The JSON that a request carries: a definition of something. */
export async function jsonBody(c: Context<App>): Promise<unknown> {
  const { text } = await readBody(c.req.raw);
  if (exceedsBytes(text, LIMITS.definitionBytes)) {
    const message = `the definition has ${utf8Length(text)} bytes; the bound is ${LIMITS.definitionBytes}`;
    throw new HttpError(413, "too_large", message);
  }
  try {
    return JSON.parse(text);
  } catch {
    throw new HttpError(400, "malformed", "the body is not JSON");
  }
}
