import { NAME_LABEL, seriesName } from "../../protocol/prometheus-names.ts";
import { success } from "./answer.ts";
import type { Asked } from "./asked.ts";
import { badParameter, limitParameter, timeParameter } from "./parameters.ts";
import { compileMatcher, type Matcher } from "./promql/matcher.ts";
import { parseSelector } from "./promql/selector.ts";
import { Budget, labelKey, type Labels } from "./promql/series.ts";

/** Samples that a listing may look through. */
const MOST_SAMPLES = 2_000_000;
const LABEL_NAME = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

/** `series`: the labels of every series that matches. */
export async function seriesList(asked: Asked): Promise<Response> {
  if (!asked.parameters.has("match[]")) throw badParameter("match[]", "no match[] parameter provided");
  if (asked.hot !== undefined) return asked.hot.list("series", asked.parameters);
  const sets = await matchingSets(asked, matchersOf(asked.parameters));
  return success(sets.slice(0, limitParameter(asked.parameters)).map((labels) => Object.fromEntries(labels)));
}

/** `labels`: the names of labels. */
export async function labelNames(asked: Asked): Promise<Response> {
  if (asked.hot !== undefined) return asked.hot.list("labels", asked.parameters);
  const selectors = matchersOf(asked.parameters);
  if (selectors.length > 0) {
    const sets = await matchingSets(asked, selectors);
    return list(
      asked,
      sets.flatMap((labels) => [...labels.keys()]),
    );
  }
  const metrics = await asked.windows.metrics();
  return list(
    asked,
    metrics.flatMap((metric) => asked.windows.naming(metric).labelNames()),
  );
}

/** `label/{name}/values`. */
export async function labelValues(asked: Asked, name: string): Promise<Response> {
  if (!LABEL_NAME.test(name)) throw badParameter("name", `invalid label name: ${JSON.stringify(name)}`);
  if (asked.hot !== undefined) return asked.hot.list(`label/${name}/values`, asked.parameters);
  const selectors = matchersOf(asked.parameters);
  if (selectors.length === 0 && name === NAME_LABEL) {
    return list(
      asked,
      (await asked.windows.metrics()).map((metric) => seriesName(metric.name)),
    );
  }
  const present = compileMatcher(name, "!=", "");
  const wanted = selectors.length === 0 ? [[present]] : selectors.map((matchers) => [...matchers, present]);
  const sets = await matchingSets(asked, wanted);
  return list(
    asked,
    sets.map((labels) => labels.get(name) ?? ""),
  );
}

function matchersOf(parameters: URLSearchParams): Matcher[][] {
  return parameters.getAll("match[]").map((text) => parseSelector(text).matchers);
}

/** The label sets that match any of the selectors, each once. */
async function matchingSets(
  { parameters, windows }: Asked,
  selectors: readonly Matcher[][],
): Promise<Labels[]> {
  const fromMs = timeParameter(parameters, "start", 0);
  const toMs = timeParameter(parameters, "end", Date.now());
  const budget = new Budget(MOST_SAMPLES);
  const sets = new Map<string, Labels>();
  for (const matchers of selectors) {
    for (const labels of await windows.labelSets(matchers, fromMs, toMs, budget))
      sets.set(labelKey(labels), labels);
  }
  return [...sets.values()];
}

function list({ parameters }: Asked, names: readonly string[]): Response {
  return success([...new Set(names)].sort().slice(0, limitParameter(parameters)));
}
