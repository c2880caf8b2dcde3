import type { Context } from "hono";
import { entityTag, type Precondition } from "../../durable-objects/catalog/precondition.ts";
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
  return preconditionIn(c.req.header("if-match"), c.req.header("if-none-match"));
}

/** The same of texts that stand elsewhere. */
export function preconditionIn(match: string | undefined, noneMatch: string | undefined): Precondition {
  if (noneMatch !== undefined && noneMatch.trim() !== "*") {
    throw new HttpError(400, "invalid", `if-none-match is ${noneMatch}; expected *`);
  }
  const precondition: Precondition = {};
  if (noneMatch !== undefined) precondition.isNew = true;
  if (match !== undefined) precondition.match = match.trim() === "*" ? "*" : tagsIn(match);
  return precondition;
}

/** What was asked for, in the words of a refusal. */
export function wantedText(match: string | undefined): string {
  return match === undefined ? "if-none-match is *" : `if-match is ${match}`;
}

function tagsIn(header: string): string[] {
  if (!TAG_LIST.test(header)) {
    throw new HttpError(400, "invalid", `if-match is ${header}; expected tags such as "1f3a", or *`);
  }
  return Array.from(header.matchAll(/"([^"]*)"/g), ([, tag = ""]) => tag);
}
