import { Hono } from "hono";
import type { Env } from "../durable-objects/env.ts";
import { alertRoutes } from "./alerts/alert-routes.ts";
import { standingRoutes } from "./alerts/standing-routes.ts";
import type { App } from "./authorize.ts";
import { catalogRoutes } from "./catalog/catalog.ts";
import { crossOrigin } from "./cross-origin.ts";
import { postExplore } from "./explore/explore.ts";
import { errorResponse, HttpError } from "./http-error.ts";
import { postEvents } from "./ingest/events.ts";
import { getLive } from "./live/live.ts";
import { observeRoutes } from "./observe/observe.ts";
import { getConfig } from "./operate/config.ts";
import { getHealthz } from "./operate/healthz.ts";
import { kickAll } from "./operate/kick.ts";
import { getMetrics } from "./operate/metrics.ts";
import { prometheusRoutes } from "./prometheus/prometheus.ts";
import { getQuery } from "./query/query.ts";
import { serverDate } from "./server-date.ts";
import { shareRoutes } from "./share/share-routes.ts";

export { Archiver } from "../durable-objects/archiver.ts";
export { Backfill } from "../durable-objects/backfill.ts";
export { Batcher } from "../durable-objects/batcher.ts";
export { Catalog } from "../durable-objects/catalog.ts";
export { KeyLimiter } from "../durable-objects/key-limiter.ts";
export { LiveHub } from "../durable-objects/live-hub.ts";
export { LogPartition } from "../durable-objects/log-partition.ts";
export { LogViewer } from "../durable-objects/log-viewer.ts";
export { MetricWindow } from "../durable-objects/metric-window.ts";
export { PartitionReader } from "../durable-objects/partition-reader.ts";
export { PointArchiver } from "../durable-objects/point-archiver.ts";

const app = new Hono<App>()
  .use("/v1/*", crossOrigin, serverDate)
  .post("/v1/events", postEvents)
  .route("/v1/events", observeRoutes)
  .get("/v1/query", getQuery)
  .post("/v1/explore", postExplore)
  .get("/v1/live", getLive)
  .get("/v1/config", getConfig)
  .route("/v1/share", shareRoutes)
  .route("/v1/alerts", standingRoutes)
  .route("/v1/catalog/alerts", alertRoutes)
  .route("/v1/catalog", catalogRoutes)
  .route("/prometheus/api/v1", prometheusRoutes)
  .get("/healthz", getHealthz)
  .get("/metrics", getMetrics)
  .notFound((c) =>
    new HttpError(404, "not_found", `there is nothing at ${c.req.method} ${c.req.path}`).toResponse(),
  )
  .onError(errorResponse);

export default {
  fetch: app.fetch,
  /** The cron trigger: readers, archivers and windows go on, whatever stopped them. */
  async scheduled(_controller: ScheduledController, env: Env): Promise<void> {
    await kickAll(env);
  },
} satisfies ExportedHandler<Env>;
