import type { Context } from "hono";
import { entityTag, type Precondition, type Unmet } from "../../durable-objects/precondition.ts";
import type { App } from "../authorize.ts";
import { HttpError } from "../http-error.ts";

/** Tags as `GET` gives them, in a list. Proxies that compress an answer make its tag a weak one. */
const TAG_LIST = /^\s*(?:W\/)?"[!\x23-\x7e\x80-\xff]*"(?:\s*,\s*(?:W\/)?"[!\x23-\x7e\x80-\xff]*")*\s*$/;

/** A definition, with the entity tag that a change of it may name in `If-Match`. */
export function tagged(c: Context<App>, definition: object): Response {
  return c.json(definition, 200, { etag: `"${entityTag(definition)}"` });
}

/**
 * What the request's `If-Match` and `If-None-Match` ask for.
 *
 * @throws HttpError 400 when a header is neither a list of tags nor `*`.
 */
export function preconditionOf(c: Context<App>): Precondition {
  const match = c.req.header("if-match");
  const noneMatch = c.req.header("if-none-match");
  if (noneMatch !== undefined && noneMatch.trim() !== "*") {
    throw new HttpError(400, "invalid", `if-none-match is ${noneMatch}; expected *`);
  }
  const precondition: Precondition = {};
  if (noneMatch !== undefined) precondition.isNew = true;
  if (match !== undefined) precondition.match = match.trim() === "*" ? "*" : tagsIn(match);
  return precondition;
}

/** The answer to a change whose precondition does not hold: what was asked for, and what is there. */
export function preconditionFailed(c: Context<App>, { tag }: Unmet, what: string, name: string): HttpError {
  const match = c.req.header("if-match");
  const wanted = match === undefined ? "if-none-match is *" : `if-match is ${match}`;
  const there = tag === null ? `there is no ${what} '${name}'` : `the ${what} '${name}' is "${tag}"`;
  const message = `${wanted}, but ${there}: somebody else has changed it; nothing was stored`;
  return new HttpError(412, "precondition_failed", message, tag === null ? {} : { etag: `"${tag}"` });
}

function tagsIn(header: string): string[] {
  if (!TAG_LIST.test(header)) {
    throw new HttpError(400, "invalid", `if-match is ${header}; expected tags such as "1f3a", or *`);
  }
  return Array.from(header.matchAll(/"([^"]*)"/g), ([, tag = ""]) => tag);
}
