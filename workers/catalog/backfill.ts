import type { Context } from "hono";
import type { StartOutcome } from "../../durable-objects/backfill.ts";
import { type BackfillStatus, MOST_BACKFILLS, parseBackfill } from "../../protocol/backfill.ts";
import { describe } from "../../protocol/result.ts";
import { type App, authorize } from "../authorize.ts";
import { HttpError } from "../http-error.ts";
import { jsonBody } from "../json-body.ts";

type Path = "/metrics/:name/backfill";

/**
 * `POST /v1/catalog/metrics/{name}/backfill`: computes the metric's windows from `from` to `to` anew, over every accepted
 * event. Answers 202 with a {@link BackfillStatus}.
 */
export async function postBackfill(c: Context<App, Path>): Promise<Response> {
  const { project } = await authorize(c, "admin");
  const name = c.req.param("name");
  const request = parseBackfill(await jsonBody(c), Date.now());
  if (!request.ok) throw new HttpError(400, "invalid", request.message);
  const outcome = (await c.env.BACKFILL.getByName(project).start(name, request.value)) as StartOutcome;
  if (typeof outcome === "object") return c.json(outcome, 202);
  throw refusal(outcome, name);
}

/** `GET` of the same path: `{"backfills":[…]}`, the newest first. */
export async function getBackfills(c: Context<App, Path>): Promise<Response> {
  const { project } = await authorize(c, "read", "admin");
  const backfills = (await c.env.BACKFILL.getByName(project).list(c.req.param("name"))) as BackfillStatus[];
  return c.json({ backfills });
}

/** `DELETE …/backfill/{id}`: cancels what is not done, and answers as it stands. What is replaced stays. */
export async function deleteBackfill(c: Context<App, `${Path}/:id`>): Promise<Response> {
  const { project } = await authorize(c, "admin");
  const { name, id } = c.req.param();
  if (!/^\d{1,15}$/.test(id)) {
    throw new HttpError(400, "invalid", `the backfill's id is ${describe(id)}; expected a number`);
  }
  const backfill = c.env.BACKFILL.getByName(project);
  const cancelled = (await backfill.cancel(name, Number(id))) as BackfillStatus | undefined;
  if (cancelled !== undefined) return c.json(cancelled);
  throw new HttpError(404, "unknown_backfill", `the metric '${name}' has no backfill ${id}`);
}

function refusal(outcome: Exclude<StartOutcome, object>, name: string): HttpError {
  switch (outcome) {
    case "unknown_metric":
      return new HttpError(404, "unknown_metric", `there is no metric '${name}'`);
    case "view":
      return new HttpError(
        422,
        "view",
        `'${name}' is a view: it is computed from its metrics; backfill those`,
      );
    case "no_archive":
      return new HttpError(
        409,
        "no_archive",
        "there is no archive to replay; bind an R2 bucket as ARCHIVE, and what comes from then on can be",
      );
    case "too_many":
      return new HttpError(
        409,
        "too_many_backfills",
        `the project has ${MOST_BACKFILLS} unfinished backfills, which is the bound; cancel one, or wait`,
      );
  }
}
