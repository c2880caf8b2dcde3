import { type Context, Hono } from "hono";
import type { KeyOptions, KeyRole } from "../../durable-objects/catalog.ts";
import { catalogOf, settingsOf } from "../../durable-objects/env.ts";
import { LIVE_RETENTION_HEADER } from "../../protocol/retention.ts";
import { describe, isObject } from "../../protocol/result.ts";
import { type App, authorize, authorizeRoot, hashKey } from "../authorize.ts";
import { HttpError } from "../http-error.ts";
import { jsonBody } from "../json-body.ts";
import { deleteBackfill, getBackfills, postBackfill } from "./backfill.ts";
import { postChanges } from "./changes.ts";
import { tagged } from "./conditional.ts";
import { deleteDefinition, putDefinition } from "./one-definition.ts";
import { isName, nameFault } from "./parse-source.ts";

const ROLES: readonly KeyRole[] = ["write", "read", "admin"];

/** `/v1/catalog`: metrics and dashboards of a key's project, projects and keys of the deployment. */
export const catalogRoutes = new Hono<App>()
  .get("/metrics", async (c) => {
    const { project } = await authorize(c, "read", "admin");
    c.header(LIVE_RETENTION_HEADER, String(settingsOf(c.env).liveRetentionMs));
    return c.json({ metrics: await catalogOf(c.env).metrics(project) });
  })
  .get("/metrics/:name", async (c) => {
    const { project } = await authorize(c, "read", "admin");
    const name = c.req.param("name");
    return tagged(c, found(await catalogOf(c.env).definition(project, "metrics", name), "metric", name));
  })
  .put("/metrics/:name", (c) => putDefinition(c, "metrics"))
  .delete("/metrics/:name", (c) => deleteDefinition(c, "metrics"))
  .post("/metrics/:name/backfill", postBackfill)
  .get("/metrics/:name/backfill", getBackfills)
  .delete("/metrics/:name/backfill/:id", deleteBackfill)
  .get("/dashboards", async (c) => {
    const { project } = await authorize(c, "read", "admin");
    return c.json({ dashboards: await catalogOf(c.env).dashboards(project) });
  })
  .get("/dashboards/:name", async (c) => {
    const { project } = await authorize(c, "read", "admin");
    const name = c.req.param("name");
    return tagged(
      c,
      found(await catalogOf(c.env).definition(project, "dashboards", name), "dashboard", name),
    );
  })
  .put("/dashboards/:name", (c) => putDefinition(c, "dashboards"))
  .delete("/dashboards/:name", (c) => deleteDefinition(c, "dashboards"))
  .post("/changes", postChanges)
  .put("/projects/:project", async (c) => {
    await authorizeRoot(c);
    const project = checkedName("project", c.req.param("project"));
    await catalogOf(c.env).putProject(project);
    return c.json({ project });
  })
  .put("/projects/:project/keys/:id", putKey)
  .delete("/projects/:project/keys/:id", async (c) => {
    const { project, id } = c.req.param();
    await authorizeRoot(c, project);
    found((await catalogOf(c.env).deleteKey(project, id)) || null, "key", id);
    return c.body(null, 204);
  });

async function putKey(c: Context<App, "/projects/:project/keys/:id">): Promise<Response> {
  const { project, id } = c.req.param();
  await authorizeRoot(c, project);
  checkedName("key", id);
  const { key, role, options } = parseKey(await jsonBody(c));
  const outcome = await catalogOf(c.env).putKey(project, id, await hashKey(key), role, options);
  found(outcome === "no_project" ? null : outcome, "project", project);
  if (outcome === "taken")
    throw new HttpError(409, "key_taken", "another key has this secret; choose one of your own");
  return c.json({ project, id, role, key, ...options });
}

function parseKey(raw: unknown): { key: string; role: KeyRole; options: KeyOptions } {
  if (!isObject(raw)) throw invalid(`the key is ${describe(raw)}; expected an object`);
  const { key = randomKey(), role, origins, rateLimit } = raw;
  // What every way of sending it can carry: Basic parts at a colon, subprotocols at a comma, URLs take no plus.
  if (typeof key !== "string" || !/^[a-zA-Z0-9._~-]{8,128}$/.test(key)) {
    throw invalid("key is not 8 to 128 letters, digits, . _ ~ -; leave it out to have one made");
  }
  if (!ROLES.includes(role as KeyRole))
    throw invalid(`role is ${describe(role)}; expected one of ${ROLES.join(", ")}`);
  const options: KeyOptions = {};
  if (origins !== undefined) {
    options.origins = parseOrigins(origins);
  }
  if (rateLimit !== undefined) options.rateLimit = parseRateLimit(rateLimit);
  return { key, role: role as KeyRole, options };
}

/** Origins as browsers send them: one with a path or a trailing slash would never match. */
function parseOrigins(raw: unknown): string[] {
  if (!Array.isArray(raw)) {
    throw invalid(`origins is ${describe(raw)}; expected a list such as ["https://example.com"]`);
  }
  return raw.map((origin: unknown, index) => {
    if (typeof origin === "string" && URL.canParse(origin) && new URL(origin).origin === origin)
      return origin;
    throw invalid(`origins[${index}] is ${describe(origin)}; expected an origin such as https://example.com`);
  });
}

function parseRateLimit(raw: unknown): { requests: number; perMs: number } {
  const { requests, perMs } = isObject(raw) ? raw : {};
  for (const [field, value] of Object.entries({ requests, perMs })) {
    if (!Number.isInteger(value) || (value as number) < 1) {
      throw invalid(`rateLimit.${field} is ${describe(value)}; expected a whole number of at least 1`);
    }
  }
  return { requests: requests as number, perMs: perMs as number };
}

function randomKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(24));
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_");
}

function checkedName(what: string, name: string): string {
  if (isName(name)) return name;
  throw invalid(nameFault(what, name));
}

function found<T>(value: T | null, what: string, name: string): T {
  if (value === null) throw new HttpError(404, `unknown_${what}`, `there is no ${what} '${name}'`);
  return value;
}

function invalid(message: string): HttpError {
  return new HttpError(400, "invalid", message);
}
