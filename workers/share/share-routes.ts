import { type Context, Hono } from "hono";
import type { MintOutcome } from "../../durable-objects/catalog.ts";
import type { DefinitionSource } from "../../durable-objects/catalog/definitions.ts";
import { catalogOf } from "../../durable-objects/env.ts";
import type { Dashboard } from "../../protocol/dashboard.ts";
import { LIMITS } from "../../protocol/limits.ts";
import {
  type MintedShare,
  parseShare,
  scopeFault,
  type ShareRequest,
  type ShareScope,
} from "../../protocol/share.ts";
import { type App, authorize } from "../authorize.ts";
import { HttpError } from "../http-error.ts";
import { jsonBody } from "../json-body.ts";
import { getSharedView, groupsFault } from "./shared-view.ts";

/** `/v1/share`: an admin key makes, lists and revokes links; `GET view` answers to a link's token what its page needs. */
export const shareRoutes = new Hono<App>()
  .post("/", postShare)
  .get("/", async (c) => {
    const { project } = await authorize(c, "admin");
    return c.json({ links: await catalogOf(c.env).shares(project) });
  })
  .get("/view", getSharedView)
  .delete("/:id", async (c) => {
    const { project } = await authorize(c, "admin");
    const id = c.req.param("id");
    if (!(await catalogOf(c.env).revokeShare(project, id))) {
      throw new HttpError(404, "unknown_share", `there is no share link '${id}'`);
    }
    return c.body(null, 204);
  });

async function postShare(c: Context<App>): Promise<Response> {
  const { project } = await authorize(c, "admin");
  const request = parseShare(await jsonBody(c));
  if (!request.ok) throw invalid(request.message);
  const scope = await scopeOf(c, project, request.value);
  const fault = scopeFault(scope);
  if (fault !== undefined) throw invalid(fault);
  const minted = (await catalogOf(c.env).mintShare(project, scope, request.value.expiresInMs)) as MintOutcome;
  if (minted === "too_many") {
    const message = `the project has ${LIMITS.sharesPerProject} share links, which is the bound; revoke one`;
    throw new HttpError(409, "too_many_shares", message);
  }
  // In the fragment: browsers send it to no server, and write it into no referrer.
  const link = `${new URL(c.req.url).origin}/#share=${minted.token}`;
  return c.json({ ...minted, link } satisfies MintedShare, 201);
}

async function scopeOf(c: Context<App>, project: string, request: ShareRequest): Promise<ShareScope> {
  const { dashboard, groups } = request;
  const metrics = request.metrics ?? (await metricsOfDashboard(c, project, dashboard ?? ""));
  const known = (await catalogOf(c.env).metrics(project)) as DefinitionSource[];
  const unknown = metrics.find((name) => !known.some((each) => each.name === name));
  if (unknown !== undefined)
    throw invalid(`metrics names '${unknown}'; there is no metric or view of this name`);
  if (dashboard !== undefined && request.metrics !== undefined) await dashboardOf(c, project, dashboard);
  const scope: ShareScope = {
    metrics,
    ...(groups === undefined ? {} : { groups }),
    ...(dashboard === undefined ? {} : { dashboard }),
  };
  const fault = groupsFault(scope, known);
  if (fault !== undefined) throw invalid(fault);
  return scope;
}

/** What a dashboard draws, as far as it is there. */
async function metricsOfDashboard(c: Context<App>, project: string, name: string): Promise<string[]> {
  const { panels } = await dashboardOf(c, project, name);
  const known = (await catalogOf(c.env).metrics(project)) as DefinitionSource[];
  const drawn = [...new Set(panels.map(({ metric }) => metric))];
  const metrics = drawn.filter((metric) => known.some((each) => each.name === metric));
  if (metrics.length === 0) throw invalid(`the dashboard '${name}' draws no metric that there is`);
  if (metrics.length <= LIMITS.sharedMetrics) return metrics;
  throw invalid(
    `the dashboard '${name}' draws ${metrics.length} metrics; the bound of one share link is ${LIMITS.sharedMetrics}`,
  );
}

async function dashboardOf(c: Context<App>, project: string, name: string): Promise<Dashboard> {
  const dashboards = (await catalogOf(c.env).dashboards(project)) as Dashboard[];
  const dashboard = dashboards.find((each) => each.name === name);
  if (dashboard === undefined) throw invalid(`dashboard is '${name}'; there is no dashboard of this name`);
  return dashboard;
}

function invalid(message: string): HttpError {
  return new HttpError(400, "invalid", message);
}
