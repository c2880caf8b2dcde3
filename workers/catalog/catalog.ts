import { type Context, Hono } from "hono";
import type { KeyOptions, KeyRole, MetricOutcome } from "../../durable-objects/catalog.ts";
import type { AlertFault } from "../../durable-objects/catalog-alerts.ts";
import type { DefinitionSource, ViewFault } from "../../durable-objects/definitions.ts";
import { catalogOf, settingsOf } from "../../durable-objects/env.ts";
import type { Unmet } from "../../durable-objects/precondition.ts";
import { parseDashboard } from "../../protocol/dashboard.ts";
import { LIMITS } from "../../protocol/limits.ts";
import { parseMetric } from "../../protocol/metric.ts";
import { LIVE_RETENTION_HEADER } from "../../protocol/retention.ts";
import { seriesName } from "../../protocol/prometheus-names.ts";
import { describe, isObject, type Result } from "../../protocol/result.ts";
import { isViewSource, parseView } from "../../protocol/view.ts";
import { type App, authorize, authorizeRoot, hashKey } from "../authorize.ts";
import { HttpError, unavailable } from "../http-error.ts";
import { jsonBody } from "../json-body.ts";
import { deleteBackfill, getBackfills, postBackfill } from "./backfill.ts";
import { preconditionFailed, preconditionOf, tagged } from "./conditional.ts";

const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,63}$/;
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
    return tagged(c, found(await catalogOf(c.env).metric(project, name), "metric", name));
  })
  .put("/metrics/:name", putMetric)
  .delete("/metrics/:name", async (c) => {
    const { project } = await authorize(c, "admin");
    const name = c.req.param("name");
    const precondition = preconditionOf(c);
    const deleted = await confirmed(() => {
      return catalogOf(c.env).deleteMetric(project, name, precondition) as Promise<
        boolean | ViewFault | AlertFault | Unmet
      >;
    });
    if (typeof deleted === "object") {
      throw "tag" in deleted
        ? preconditionFailed(c, deleted, "metric", name)
        : dependentBroken(deleted, name);
    }
    found(deleted || null, "metric", name);
    return c.body(null, 204);
  })
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
    const dashboards = await catalogOf(c.env).dashboards(project);
    return tagged(
      c,
      found(dashboards.find((dashboard) => dashboard.name === name) ?? null, "dashboard", name),
    );
  })
  .put("/dashboards/:name", async (c) => {
    const { project } = await authorize(c, "admin");
    const dashboard = valid(parseDashboard(checkedName("dashboard", c.req.param("name")), await jsonBody(c)));
    const outcome = await catalogOf(c.env).putDashboard(project, dashboard, preconditionOf(c));
    if (outcome !== "stored") throw preconditionFailed(c, outcome, "dashboard", dashboard.name);
    return c.json(dashboard);
  })
  .delete("/dashboards/:name", async (c) => {
    const { project } = await authorize(c, "admin");
    const name = c.req.param("name");
    const deleted = await catalogOf(c.env).deleteDashboard(project, name, preconditionOf(c));
    if (typeof deleted === "object") throw preconditionFailed(c, deleted, "dashboard", name);
    found(deleted || null, "dashboard", name);
    return c.body(null, 204);
  })
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

async function putMetric(c: Context<App, "/metrics/:name">): Promise<Response> {
  const { project } = await authorize(c, "admin");
  const name = c.req.param("name");
  const raw = await jsonBody(c);
  if (isViewSource(raw)) valid(parseView(name, raw));
  else valid(parseMetric(name, raw));
  const source = { ...(raw as DefinitionSource), name };
  const precondition = preconditionOf(c);
  const outcome = await confirmed(() => {
    return catalogOf(c.env).putMetric(project, source, precondition) as Promise<MetricOutcome>;
  });
  if (outcome === "stored") return c.json(source);
  if (typeof outcome === "object") {
    throw "tag" in outcome ? preconditionFailed(c, outcome, "metric", name) : dependentBroken(outcome, name);
  }
  if (outcome === "series_taken") {
    const message = `another metric is the Prometheus series ${seriesName(name)} already; choose another name`;
    throw new HttpError(409, "series_taken", message);
  }
  const message = `the project has ${LIMITS.metricsPerProject} metrics, which is the bound; delete one`;
  throw new HttpError(409, "too_many_metrics", message);
}

/** A view is computed from metrics that there are, and an alert is of one: when it is defined, and as long as it is. */
function dependentBroken(fault: ViewFault | AlertFault, name: string): HttpError {
  const { message } = fault;
  if ("alert" in fault) {
    const text = `the alert '${fault.alert}' could not be evaluated any more: ${message}; change or delete it first`;
    return new HttpError(409, "alert_broken", text);
  }
  const { view } = fault;
  if (view === name) return invalid(message);
  const text = `the view '${view}' could not be computed any more: ${message}; change or delete it first`;
  return new HttpError(409, "view_broken", text);
}

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

/** A change of definitions counts once every reader knows of it; the same request again is safe. */
async function confirmed<T>(change: () => Promise<T>): Promise<T> {
  try {
    return await change();
  } catch {
    throw unavailable(
      "the definition is stored, but not every reader could be told; repeat the request",
      1_000,
    );
  }
}

function checkedName(what: string, name: string): string {
  if (NAME.test(name)) return name;
  throw invalid(`the ${what}'s name is ${describe(name)}; expected letters, digits, _ . -, at most 64`);
}

function valid<T>(result: Result<T>): T {
  if (result.ok) return result.value;
  throw invalid(result.message);
}

function found<T>(value: T | null, what: string, name: string): T {
  if (value === null) throw new HttpError(404, `unknown_${what}`, `there is no ${what} '${name}'`);
  return value;
}

function invalid(message: string): HttpError {
  return new HttpError(400, "invalid", message);
}
