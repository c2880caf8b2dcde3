import type { Context } from "hono";
import type { Grant, KeyRole } from "../durable-objects/catalog.ts";
import { catalogOf, type Env, settingsOf } from "../durable-objects/env.ts";
import { HttpError } from "./http-error.ts";

/** Hono's view of this Worker. */
export interface App {
  Bindings: Env;
}

/** How long an isolate believes what the catalog said of a key: a removed key works that much longer. */
const GRANT_AGE_MS = 10_000;
const REFUSAL_AGE_MS = 1_000;
const MOST_REMEMBERED = 10_000;

const remembered = new Map<string, { grant: Grant | null; untilMs: number }>();

/**
 * Finds what the request's key grants and checks that this is among `roles`.
 *
 * @throws HttpError 401 without a known key; 403 with one of another role, project or origin; 429 beyond its rate.
 */
export async function authorize(c: Context<App>, ...roles: KeyRole[]): Promise<Grant> {
  const key = keyOf(c.req.raw);
  if (key === undefined)
    throw unauthorized("no key: send one as 'Authorization: Bearer …', x-api-key or ?key=");
  const grant = await grantOf(c.env, key);
  if (grant === null) throw unauthorized("the key is not known");
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
  const protocols = request.headers.get("sec-websocket-protocol")?.split(",") ?? [];
  return protocols[1]?.trim();
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

async function grantOf(env: Env, key: string): Promise<Grant | null> {
  const hash = await hashKey(key);
  const known = remembered.get(hash);
  if (known !== undefined && known.untilMs > Date.now()) return known.grant;
  const grant = (await catalogOf(env).authorize(hash)) as Grant | null;
  if (remembered.size >= MOST_REMEMBERED) remembered.clear();
  remembered.set(hash, { grant, untilMs: Date.now() + (grant === null ? REFUSAL_AGE_MS : GRANT_AGE_MS) });
  return grant;
}

function checkGrant(c: Context<App>, grant: Grant, roles: KeyRole[]): void {
  if (!roles.includes(grant.role)) {
    throw new HttpError(
      403,
      "wrong_role",
      `a ${grant.role} key may not do this; expected ${roles.join(" or ")}`,
    );
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
