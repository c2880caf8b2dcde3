import type { Dashboard } from "../protocol/dashboard.ts";
import type { MetricSource } from "../protocol/metric.ts";
import { LIVE_RETENTION_HEADER } from "../protocol/retention.ts";
import { isObject } from "../protocol/result.ts";
import type { SharedView } from "../protocol/share.ts";
import { isViewSource, type ViewSource } from "../protocol/view.ts";
import { isShareToken } from "./share-token.ts";
import type { DrawnMetric } from "./series/traits.ts";
import type { View } from "./time/view.ts";

/** What the catalog holds for a reader. */
export interface Catalog {
  dashboards: Dashboard[];
  metrics: Map<string, DrawnMetric>;
  /** Whether it is what a share link shows. */
  isShared?: boolean;
}

/** Why a request failed. `status` is 0 when there was no answer. */
export class RequestError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }

  /** Whether another key could help. */
  get isRefusal(): boolean {
    return this.status === 401 || this.status === 403;
  }
}

/** Old data may have to come from the archive. */
const TIMEOUT_MS = 30_000;

/** The read key that this server gives to everybody, if it does. */
export async function loadPublicKey(view: View): Promise<string | undefined> {
  const config = await get("/v1/config", undefined, view);
  const key = config["publicReadKey"];
  return typeof key === "string" ? key : undefined;
}

/** Dashboards and metrics, as the catalog has checked them. */
export async function loadCatalog(key: string, view: View): Promise<Catalog> {
  if (isShareToken(key)) return sharedCatalog(await get("/v1/share/view", key, view));
  const [dashboards, metrics] = await Promise.all([
    get("/v1/catalog/dashboards", key, view),
    get("/v1/catalog/metrics", key, view),
  ]);
  return {
    dashboards: list(dashboards["dashboards"]).filter(isDashboard),
    metrics: drawable(list(metrics["metrics"])),
  };
}

function sharedCatalog(shared: Record<string, unknown>): Catalog {
  const { dashboard, metrics } = shared as unknown as SharedView;
  return {
    dashboards: [dashboard],
    metrics: new Map(metrics.map((metric) => [metric.name, metric])),
    isShared: true,
  };
}

function isDashboard(raw: Record<string, unknown>): raw is Record<string, unknown> & Dashboard {
  return typeof raw["name"] === "string" && Array.isArray(raw["panels"]);
}

/** Metrics by name. A view has the windows and groups of its first metric, and values that do not add up. */
function drawable(definitions: Record<string, unknown>[]): Map<string, DrawnMetric> {
  const metrics = new Map<string, DrawnMetric>();
  for (const raw of definitions) {
    if (!isViewSource(raw)) metrics.set(String(raw["name"]), raw as unknown as MetricSource);
  }
  for (const view of definitions.filter((raw): raw is Record<string, unknown> & ViewSource =>
    isViewSource(raw),
  )) {
    const first = metrics.get(view.ratio?.numerator ?? view.change?.metric ?? "");
    if (first === undefined) continue;
    metrics.set(view.name, {
      ...first,
      name: view.name,
      aggregate: "avg(value)",
      isFraction: isOfOne(view),
    });
  }
  return metrics;
}

function isOfOne({ change }: ViewSource): boolean {
  return change?.as !== "absolute";
}

/**
 * Asks the server for JSON.
 *
 * @throws RequestError with the server's own sentence.
 */
export async function get(
  path: string,
  key: string | undefined,
  view: View,
  signal?: AbortSignal,
): Promise<Record<string, unknown>> {
  const sentMs = Date.now();
  const answer = await fetch(path, {
    headers: key === undefined ? {} : { authorization: `Bearer ${key}` },
    signal: AbortSignal.any([AbortSignal.timeout(TIMEOUT_MS), ...(signal === undefined ? [] : [signal])]),
  }).catch(() => {
    throw new RequestError(0, "The server does not answer.");
  });
  view.calibrate(answer.headers.get("date"), sentMs, Date.now());
  view.liveRetentionMs = Number(answer.headers.get(LIVE_RETENTION_HEADER) ?? view.liveRetentionMs);
  const body: unknown = await answer.json().catch(() => undefined);
  if (!answer.ok) throw new RequestError(answer.status, errorMessage(answer, body));
  return isObject(body) ? body : {};
}

function errorMessage(answer: Response, body: unknown): string {
  const message = isObject(body) ? body["message"] : undefined;
  return typeof message === "string" && message !== "" ? message : `The server answered ${answer.status}.`;
}

function list(raw: unknown): Record<string, unknown>[] {
  return Array.isArray(raw) ? raw.filter(isObject) : [];
}
