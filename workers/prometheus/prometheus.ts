import { type Context, Hono } from "hono";
import { LIMITS } from "../../protocol/limits.ts";
import { type App, authorize } from "../authorize.ts";
import { HttpError } from "../http-error.ts";
import { instantResult, promErrorResponse, rangeResult, samplesResult, success } from "./answer.ts";
import { readRequest } from "./asked.ts";
import { labelNames, labelValues, seriesList } from "./listing.ts";
import { metadataOf } from "./metadata.ts";
import { badParameter, limitParameter, stepParameter, textParameter, timeParameter } from "./parameters.ts";
import { evaluate, LOOKBACK_MS } from "./promql/evaluate.ts";
import { type Expression, type Selector, selectorsOf, valueType } from "./promql/expression.ts";
import { parseQuery } from "./promql/parse.ts";
import { Budget, type SampleSeries, type Steps, type Value } from "./promql/series.ts";
import type { WindowSeries } from "./window-series.ts";

/** Samples that one query may load, and that it may look at, held cells counting more. */
const MOST_SAMPLES = 1_000_000;
const MOST_WORK = 50_000_000;
/** Of the Prometheus API that is spoken here; Grafana goes by it. */
const BUILD = {
  version: "3.0.0",
  revision: "freshet",
  branch: "",
  buildUser: "",
  buildDate: "",
  goVersion: "",
};

async function query(c: Context<App>): Promise<Response> {
  const { parameters, windows, hot } = await readRequest(c);
  const text = textParameter(parameters, "query");
  if (hot !== undefined) return hot.query("query", parameters, text);
  const timeMs = timeParameter(parameters, "time", Date.now());
  const expression = parseQuery(text);
  const steps: Steps = { startMs: timeMs, stepMs: 1, count: 1 };
  if (expression.type === "selector" && expression.rangeMs !== undefined) {
    return success(samplesResult((await load(windows, [expression], steps)).get(expression) ?? []));
  }
  return success(instantResult(await answer(windows, expression, steps), timeMs));
}

async function queryRange(c: Context<App>): Promise<Response> {
  const { parameters, windows, hot } = await readRequest(c);
  const text = textParameter(parameters, "query");
  if (hot !== undefined) return hot.query("query_range", parameters, text);
  const startMs = timeParameter(parameters, "start");
  const endMs = timeParameter(parameters, "end");
  if (endMs < startMs) throw badParameter("end", "end timestamp must not be before start time");
  const stepMs = stepParameter(parameters);
  const count = Math.floor((endMs - startMs) / stepMs) + 1;
  if (count > LIMITS.pointsPerSeries) {
    throw badParameter(
      "step",
      `exceeded maximum resolution of ${LIMITS.pointsPerSeries} points per timeseries. Try decreasing the query resolution (?step=XX)`,
    );
  }
  const expression = parseQuery(text);
  if (valueType(expression) === "matrix") {
    throw badParameter(
      "query",
      'invalid expression type "range vector" for range query, must be Scalar or instant Vector',
    );
  }
  const steps: Steps = { startMs, stepMs, count };
  return success(rangeResult(await answer(windows, expression, steps), steps));
}

async function answer(windows: WindowSeries, expression: Expression, steps: Steps): Promise<Value> {
  const loaded = await load(windows, selectorsOf(expression), steps);
  const samplesOf = (selector: Selector) => loaded.get(selector) ?? [];
  return evaluate(expression, { steps, samplesOf, budget: new Budget(MOST_WORK) });
}

/** The samples of each selector that evaluating it at these steps may need. */
async function load(
  windows: WindowSeries,
  selectors: readonly Selector[],
  { startMs, stepMs, count }: Steps,
): Promise<Map<Selector, SampleSeries[]>> {
  const budget = new Budget(MOST_SAMPLES);
  const loaded = new Map<Selector, SampleSeries[]>();
  for (const selector of selectors) {
    const { matchers, offsetMs, rangeMs = LOOKBACK_MS } = selector;
    const fromMs = startMs - offsetMs - rangeMs + 1;
    const toMs = startMs + (count - 1) * stepMs - offsetMs;
    loaded.set(selector, await windows.samples(matchers, fromMs, toMs, budget));
  }
  return loaded;
}

async function metadata(c: Context<App>): Promise<Response> {
  const { parameters, windows } = await readRequest(c);
  const entries = Object.entries(metadataOf(await windows.metrics()));
  const wanted = parameters.get("metric") ?? "";
  const matching = entries.filter(([name]) => wanted === "" || name === wanted);
  return success(Object.fromEntries(matching.slice(0, limitParameter(parameters))));
}

async function buildInfo(c: Context<App>): Promise<Response> {
  await authorize(c, "read", "admin");
  return success(BUILD);
}

const METHODS = ["GET", "POST"];

/** The Prometheus HTTP API, for Grafana and promtool, under `/prometheus/api/v1`. */
export const prometheusRoutes = new Hono<App>()
  .on(METHODS, "/query", query)
  .on(METHODS, "/query_range", queryRange)
  .on(METHODS, "/series", async (c) => seriesList(await readRequest(c)))
  .on(METHODS, "/labels", async (c) => labelNames(await readRequest(c)))
  .get("/label/:name/values", async (c) => labelValues(await readRequest(c), c.req.param("name")))
  .get("/metadata", metadata)
  .get("/status/buildinfo", buildInfo)
  .all("/*", (c) => {
    throw new HttpError(404, "not_found", `there is nothing at ${c.req.method} ${c.req.path}`);
  })
  .onError(promErrorResponse);
