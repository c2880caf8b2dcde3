import { parseDashboard, type Dashboard } from "../protocol/dashboard.ts";
import type { MetricSource } from "../protocol/metric.ts";
import { isObject } from "../protocol/result.ts";
import { inputsOf, isViewSource, parseView, type View as MetricView } from "../protocol/view.ts";
import type { DrawnMetric } from "./traits.ts";
import type { View } from "./view.ts";

/** What the catalog holds for a reader. */
export interface Catalog {
  dashboards: Dashboard[];
  metrics: Map<string, DrawnMetric>;
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

const TIMEOUT_MS = 10_000;

/** The read key that this server gives to everybody, if it does. */
export async function loadPublicKey(view: View): Promise<string | undefined> {
  const config = await get("/v1/config", undefined, view);
  const key = config["publicReadKey"];
  return typeof key === "string" ? key : undefined;
}

/** Dashboards and metrics. A definition that cannot be read is left out. */
export async function loadCatalog(key: string, view: View): Promise<Catalog> {
  const [dashboards, metrics] = await Promise.all([
    get("/v1/catalog/dashboards", key, view),
    get("/v1/catalog/metrics", key, view),
  ]);
  return {
    dashboards: list(dashboards["dashboards"]).flatMap((raw) => {
      const parsed = parseDashboard(String(raw["name"]), raw);
      return parsed.ok ? [parsed.value] : [];
    }),
    metrics: drawable(list(metrics["metrics"])),
  };
}

/** Metrics by name. A view has the windows and groups of its first metric, and values that do not add up. */
function drawable(definitions: Record<string, unknown>[]): Map<string, DrawnMetric> {
  const metrics = new Map<string, DrawnMetric>();
  for (const raw of definitions) {
    if (!isViewSource(raw)) metrics.set(String(raw["name"]), raw as unknown as MetricSource);
  }
  for (const raw of definitions) {
    const view = isViewSource(raw) ? parseView(raw.name, raw) : undefined;
    const first = view?.ok === true ? metrics.get(inputsOf(view.value)[0] ?? "") : undefined;
    if (view?.ok === true && first !== undefined) {
      const isFraction = isOfOne(view.value);
      metrics.set(view.value.name, { ...first, name: view.value.name, aggregate: "avg(value)", isFraction });
    }
  }
  return metrics;
}

function isOfOne(view: MetricView): boolean {
  return view.type === "ratio" || view.as === "relative";
}

async function get(path: string, key: string | undefined, view: View): Promise<Record<string, unknown>> {
  const sentMs = Date.now();
  const answer = await fetch(path, {
    headers: key === undefined ? {} : { authorization: `Bearer ${key}` },
    signal: AbortSignal.timeout(TIMEOUT_MS),
  }).catch(() => {
    throw new RequestError(0, "The server does not answer.");
  });
  view.calibrate(answer.headers.get("date"), sentMs, Date.now());
  const body: unknown = await answer.json().catch(() => undefined);
  if (!answer.ok) throw new RequestError(answer.status, errorMessage(answer, body));
  return isObject(body) ? body : {};
}

function errorMessage(answer: Response, body: unknown): string {
  const error = isObject(body) ? (body["error"] ?? body) : undefined;
  const message = isObject(error) ? error["message"] : error;
  return typeof message === "string" && message !== "" ? message : `The server answered ${answer.status}.`;
}

function list(raw: unknown): Record<string, unknown>[] {
  return Array.isArray(raw) ? raw.filter(isObject) : [];
}
