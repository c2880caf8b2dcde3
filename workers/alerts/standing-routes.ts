import { Hono } from "hono";
import type { App } from "../authorize.ts";
import { webhookSecretRoutes } from "./alert-routes.ts";
import { getAlerts } from "./get-alerts.ts";
import { postPreview } from "./preview.ts";
import { silenceRoutes } from "./silence-routes.ts";

/** `/v1/alerts`: how alerts stand, and what is not part of their definitions. */
export const standingRoutes = new Hono<App>()
  .get("/", getAlerts)
  .post("/preview", postPreview)
  .route("/secret", webhookSecretRoutes)
  .route("/silences", silenceRoutes);
