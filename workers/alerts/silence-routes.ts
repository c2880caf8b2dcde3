import { type Context, Hono } from "hono";
import type { SilenceOutcome } from "../../durable-objects/catalog/catalog-alerts.ts";
import { catalogOf } from "../../durable-objects/env.ts";
import { LIMITS } from "../../protocol/limits.ts";
import { parseSilence } from "../../protocol/silence.ts";
import { type App, authorize } from "../authorize.ts";
import { HttpError } from "../http-error.ts";
import { jsonBody } from "../json-body.ts";
import { told } from "./told.ts";

/** `/v1/alerts/silences`: which rules tell nobody, of which groups, and until when. */
export const silenceRoutes = new Hono<App>()
  .get("/", async (c) => {
    const { project } = await authorize(c, "read", "admin");
    return c.json({ silences: await catalogOf(c.env).silences(project) });
  })
  .post("/", postSilence)
  .delete("/:id", async (c) => {
    const { project } = await authorize(c, "admin");
    const id = c.req.param("id");
    if (!(await told(() => catalogOf(c.env).liftSilence(project, id)))) {
      throw new HttpError(
        404,
        "unknown_silence",
        `there is no silence '${id}': it is over, or there was none`,
      );
    }
    return c.body(null, 204);
  });

async function postSilence(c: Context<App>): Promise<Response> {
  const { project } = await authorize(c, "admin");
  const request = parseSilence(await jsonBody(c), Date.now());
  if (!request.ok) throw new HttpError(400, "invalid", request.message);
  const { alert } = request.value;
  const outcome = await told(
    () => catalogOf(c.env).putSilence(project, request.value) as Promise<SilenceOutcome>,
  );
  if (outcome === "unknown_alert") throw new HttpError(404, "unknown_alert", `there is no alert '${alert}'`);
  if (outcome === "too_many") {
    const message = `the project has ${LIMITS.silencesPerProject} silences, which is the bound; lift one`;
    throw new HttpError(409, "too_many_silences", message);
  }
  if ("message" in outcome) throw new HttpError(400, "invalid", outcome.message);
  return c.json(outcome, 201);
}
