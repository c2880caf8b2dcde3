import { Hono } from "hono";
import { catalogOf } from "../../durable-objects/env.ts";
import type { AlertSource } from "../../protocol/alert.ts";
import { type App, authorize } from "../authorize.ts";
import { tagged } from "../catalog/conditional.ts";
import { deleteDefinition, putDefinition } from "../catalog/one-definition.ts";
import { HttpError } from "../http-error.ts";
import { told } from "./told.ts";

/** `/v1/catalog/alerts`: the rules of a key's project. Where they are posted to only an admin key is told. */
export const alertRoutes = new Hono<App>()
  .get("/", async (c) => {
    const { project, role } = await authorize(c, "read", "admin");
    const alerts = (await catalogOf(c.env).alerts(project)) as AlertSource[];
    return c.json({ alerts: role === "admin" ? alerts : alerts.map(withoutWebhook) });
  })
  .get("/:name", async (c) => {
    const { project, role } = await authorize(c, "read", "admin");
    const alerts = (await catalogOf(c.env).alerts(project)) as AlertSource[];
    const alert = alerts.find(({ name }) => name === c.req.param("name"));
    if (alert === undefined) throw unknownAlert(c.req.param("name"));
    return tagged(c, role === "admin" ? alert : withoutWebhook(alert));
  })
  .put("/:name", (c) => putDefinition(c, "alerts"))
  .delete("/:name", (c) => deleteDefinition(c, "alerts"));

/** `/v1/alerts/secret`: what notifications are signed with. `POST` makes another. */
export const webhookSecretRoutes = new Hono<App>()
  .get("/", async (c) => {
    const { project } = await authorize(c, "admin");
    return c.json({ secret: await catalogOf(c.env).webhookSecret(project, false) });
  })
  .post("/", async (c) => {
    const { project } = await authorize(c, "admin");
    return c.json({ secret: await told(() => catalogOf(c.env).webhookSecret(project, true)) });
  });

function withoutWebhook(alert: AlertSource): AlertSource {
  const shown = { ...alert };
  delete shown.webhook;
  return shown;
}

function unknownAlert(name: string): HttpError {
  return new HttpError(404, "unknown_alert", `there is no alert '${name}'`);
}
