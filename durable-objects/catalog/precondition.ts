import { createHash } from "node:crypto";

/** What a change of a definition asks of the one that is there: the entity tags of RFC 9110's conditional requests, without quotes. */
export interface Precondition {
  /** It is one of these; `"*"`: there is one. */
  match?: string[] | "*";
  /** There is none. */
  isNew?: boolean;
}

/** A precondition that does not hold. `tag` is that of the definition that is there; null: there is none. */
export interface Unmet {
  tag: string | null;
}

/** The entity tag of a definition: it stands for its JSON text, byte by byte. */
export function entityTag(definition: object | string): string {
  const text = typeof definition === "string" ? definition : JSON.stringify(definition);
  return createHash("sha256").update(text).digest("hex").slice(0, 32);
}

/**
 * Whether a change must not be made. What `next` would store and is there already is no conflict for `match`: a request
 * whose answer was lost may be repeated (RFC 9110, 13.1.1).
 *
 * @param stored JSON text of what is there; undefined: there is none.
 * @param next JSON text of what shall take its place; undefined: nothing shall.
 */
export function unmet(
  { match, isNew = false }: Precondition,
  stored: string | undefined,
  next?: string,
): Unmet | undefined {
  const tag = stored === undefined ? null : entityTag(stored);
  if (isNew && tag !== null) return { tag };
  if (match === undefined || (stored !== undefined && stored === next)) return undefined;
  if (tag !== null && (match === "*" || match.includes(tag))) return undefined;
  return { tag };
}
