import { type Context, Hono } from "hono";
import type { AlertOutcome } from "../../durable-objects/catalog-alerts.ts";
import { catalogOf, settingsOf } from "../../durable-objects/env.ts";
import { isPrivateAddress, webhookFault } from "../../durable-objects/webhook-address.ts";
import { type AlertSource, parseAlert } from "../../protocol/alert.ts";
import { LIMITS } from "../../protocol/limits.ts";
import { type App, authorize } from "../authorize.ts";
import { HttpError } from "../http-error.ts";
import { jsonBody } from "../json-body.ts";
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
    return c.json(role === "admin" ? alert : withoutWebhook(alert));
  })
  .put("/:name", putAlert)
  .delete("/:name", async (c) => {
    const { project } = await authorize(c, "admin");
    const name = c.req.param("name");
    if (!(await told(() => catalogOf(c.env).deleteAlert(project, name)))) throw unknownAlert(name);
    return c.body(null, 204);
  });

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

async function putAlert(c: Context<App, "/:name">): Promise<Response> {
  const { project } = await authorize(c, "admin");
  const name = c.req.param("name");
  const raw = await jsonBody(c);
  const rule = parseAlert(name, raw);
  if (!rule.ok) throw invalid(rule.message);
  const fault = rule.value.webhook === undefined ? undefined : addressFault(c, rule.value.webhook);
  if (fault !== undefined) throw invalid(fault);
  const source = { ...(raw as AlertSource), name };
  const outcome = await told(() => catalogOf(c.env).putAlert(project, source) as Promise<AlertOutcome>);
  if (outcome === "stored") return c.json(source);
  if (outcome !== "too_many") throw invalid(outcome.message);
  const message = `the project has ${LIMITS.alertsPerProject} alerts, which is the bound; delete one`;
  throw new HttpError(409, "too_many_alerts", message);
}

function addressFault(c: Context<App>, webhook: string): string | undefined {
  const fault = webhookFault(webhook);
  if (fault !== undefined || settingsOf(c.env).allowPrivateWebhooks || !isPrivateAddress(webhook))
    return fault;
  const { hostname } = new URL(webhook);
  return `webhook is at '${hostname}', which is no public address; the setting ALERT_PRIVATE_WEBHOOKS allows such`;
}

function withoutWebhook(alert: AlertSource): AlertSource {
  const shown = { ...alert };
  delete shown.webhook;
  return shown;
}

function unknownAlert(name: string): HttpError {
  return new HttpError(404, "unknown_alert", `there is no alert '${name}'`);
}

function invalid(message: string): HttpError {
  return new HttpError(400, "invalid", message);
}
