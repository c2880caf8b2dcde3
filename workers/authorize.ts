import type { Context } from "hono";
import type { ShareRefusal } from "../durable-objects/catalog/catalog-shares.ts";
import type { Grant } from "../durable-objects/catalog.ts";
import { catalogOf, type Env, settingsOf } from "../durable-objects/env.ts";
import { HttpError } from "./http-error.ts";
import { readSubprotocols } from "./live/subprotocols.ts";

/** Hono's view of this Worker. */
export interface App {
  Bindings: Env;
}

/** How long an isolate believes what the catalog said of a key: a removed key works that much longer. */
const GRANT_AGE_MS = 10_000;
const REFUSAL_AGE_MS = 1_000;
const MOST_REMEMBERED = 10_000;

/** What the catalog said of a key or token: what it grants, or that it is not known, or why it grants nothing. */
type Verdict = Grant | ShareRefusal | null;

const remembered = new Map<string, { verdict: Verdict; untilMs: number }>();
/** A JWT as the catalog makes them: longer than any key. */
const SHARE_TOKEN = /^eyJ[\w-]+\.[\w-]+\.[\w-]+$/;
const LONGEST_KEY = 128;
const LONGEST_TOKEN = 8_192;
const SHARE_REFUSALS: Record<ShareRefusal, string> = {
  invalid: "the share link is not valid",
  expired: "the share link has expired",
  revoked: "the share link has been revoked",
};

/**
 * Finds what the request's key grants and checks that this is among `roles`.
 *
 * @throws HttpError 401 without a known key; 403 with one of another role, project or origin; 429 beyond its rate.
 */
export async function authorize(c: Context<App>, ...roles: Grant["role"][]): Promise<Grant> {
  const key = keyOf(c.req.raw);
  if (key === undefined)
    throw unauthorized("no key: send one as 'Authorization: Bearer …', x-api-key or ?key=");
  const grant = await verdictOn(c.env, key);
  if (grant === null) throw unauthorized("the key is not known");
  if (typeof grant === "string") throw unauthorized(SHARE_REFUSALS[grant]);
  checkGrant(c, grant, roles);
  if (grant.rateLimit) await checkRate(c, grant, grant.rateLimit);
  return grant;
}

/**
 * Checks the deployment's root key, or an admin key of `project`.
 *
 * @throws HttpError
 */
export async function authorizeRoot(c: Context<App>, project?: string): Promise<void> {
  const key = keyOf(c.req.raw);
  const { rootKey } = settingsOf(c.env);
  if (key !== undefined && rootKey !== undefined && (await sameSecret(key, rootKey))) return;
  if (project === undefined) throw unauthorized("this needs the root key");
  const grant = await authorize(c, "admin");
  if (grant.project !== project) throw wrongProject(project);
}

/** The key as a client sends it: Bearer, Token, Basic (as user, or as password), `x-api-key`, `?key=`, subprotocol. */
export function keyOf(request: Request): string | undefined {
  const authorization = request.headers.get("authorization");
  if (authorization !== null) return fromAuthorization(authorization);
  const header = request.headers.get("x-api-key");
  if (header !== null) return header.trim();
  const parameter = new URL(request.url).searchParams.get("key");
  if (parameter !== null && parameter !== "") return parameter;
  return readSubprotocols(request.headers.get("sec-websocket-protocol")).key;
}

/** SHA-256 in hex: the form in which a key is stored. */
export async function hashKey(key: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(key));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function fromAuthorization(header: string): string | undefined {
  const [scheme = "", credentials = ""] = header.trim().split(/\s+/, 2);
  if (/^(bearer|token)$/i.test(scheme)) return credentials || undefined;
  if (!/^basic$/i.test(scheme)) return undefined;
  try {
    const [user = "", password = ""] = atob(credentials).split(":", 2);
    return user || password || undefined;
  } catch {
    return undefined;
  }
}

async function verdictOn(env: Env, key: string): Promise<Verdict> {
  const hash = await hashKey(key);
  const nowMs = Date.now();
  const known = remembered.get(hash);
  if (known !== undefined && known.untilMs > nowMs) return known.verdict;
  const verdict = await askCatalog(env, key, hash);
  const isGranted = verdict !== null && typeof verdict !== "string";
  if (remembered.size >= MOST_REMEMBERED) remembered.clear();
  const untilMs = nowMs + (isGranted ? GRANT_AGE_MS : REFUSAL_AGE_MS);
  const expiresMs = isGranted ? verdict.share?.expiresMs : undefined;
  remembered.set(hash, { verdict, untilMs: Math.min(untilMs, expiresMs ?? untilMs) });
  return verdict;
}

async function askCatalog(env: Env, key: string, hash: string): Promise<Verdict> {
  const catalog = catalogOf(env);
  if (key.length <= LONGEST_KEY || !SHARE_TOKEN.test(key)) {
    // A key may look like a token; a token that the catalog has signed is longer than any key.
    const grant = (await catalog.authorize(hash)) as Verdict;
    return grant === null && SHARE_TOKEN.test(key) ? "invalid" : grant;
  }
  if (key.length > LONGEST_TOKEN) return "invalid";
  return (await catalog.authorizeShare(key)) as Verdict;
}

function checkGrant(c: Context<App>, grant: Grant, roles: Grant["role"][]): void {
  if (!roles.includes(grant.role)) {
    const what = grant.role === "share" ? "a share link" : `a ${grant.role} key`;
    const wanted = roles.filter((role) => role !== "share").join(" or ") || "the token of a share link";
    throw new HttpError(403, "wrong_role", `${what} may not do this; expected ${wanted}`);
  }
  const project = c.req.header("x-freshet-project") ?? c.req.query("project");
  if (project !== undefined && project !== grant.project) throw wrongProject(project);
  if (grant.origins === undefined) return;
  const origin = c.req.header("origin");
  if (origin === undefined || !grant.origins.includes(origin)) {
    throw new HttpError(403, "wrong_origin", `the key may not be used from the origin ${origin ?? "(none)"}`);
  }
}

async function checkRate(
  c: Context<App>,
  grant: Grant,
  limit: NonNullable<Grant["rateLimit"]>,
): Promise<void> {
  const decision = await c.env.KEY_LIMITER.getByName(`${grant.project}/${grant.keyId}`).take(limit);
  const headers = {
    "ratelimit-limit": String(limit.requests),
    "ratelimit-remaining": String(decision.remaining),
    "ratelimit-reset": String(Math.ceil(decision.resetMs / 1_000)),
  };
  for (const [name, value] of Object.entries(headers)) c.header(name, value);
  if (decision.allowed) return;
  const bound = `${limit.requests} requests in ${limit.perMs} ms`;
  throw new HttpError(429, "rate_limited", `the key's bound is ${bound}`, {
    ...headers,
    "retry-after": String(Math.ceil(decision.retryAfterMs / 1_000)),
  });
}

/** Compares hashes, so that the time taken tells nothing of the secret. */
async function sameSecret(given: string, wanted: string): Promise<boolean> {
  return (await hashKey(given)) === (await hashKey(wanted));
}

function unauthorized(message: string): HttpError {
  return new HttpError(401, "unauthorized", message, { "www-authenticate": 'Bearer realm="freshet"' });
}

function wrongProject(project: string): HttpError {
  return new HttpError(403, "wrong_project", `the key does not belong to the project '${project}'`);
}
