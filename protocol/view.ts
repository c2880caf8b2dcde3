import { itemisedName, itemLabel } from "./aggregate-spec.ts";
import { headFault, type Metric } from "./metric.ts";
import { describe, fail, isObject, ok, type Result } from "./result.ts";
import { parseDuration } from "./time.ts";

/** A view as it was defined: a metric that is computed from the points of others when it is asked for. */
export interface ViewSource {
  name: string;
  /** One metric's value by another's, window by window: a conversion rate. */
  ratio?: { numerator: string; denominator: string };
  /** A metric against itself, `ago` before: relative (0.1 is 10 % more), or the absolute difference. */
  change?: { metric: string; ago: string; as?: "relative" | "absolute" };
}

/** A view in the engine's terms. */
export type View = { name: string } & (
  | { type: "ratio"; numerator: string; denominator: string }
  | { type: "change"; metric: string; agoMs: number; as: "relative" | "absolute" }
);

const FIELDS = ["name", "ratio", "change"];
const RATIO_FIELDS = ["numerator", "denominator"];
const CHANGE_FIELDS = ["metric", "ago", "as"];
const LEAST_AGO_MS = 60_000;
const MOST_AGO_MS = 31 * 86_400_000;

/** Whether a definition is one of a view: it has what only views have. */
export function isViewSource(raw: unknown): raw is ViewSource {
  return isObject(raw) && ("ratio" in raw || "change" in raw);
}

/** Checks a view's definition as far as it goes without its metrics. */
export function parseView(name: string, raw: unknown): Result<View> {
  const fault = headFault(name, raw, FIELDS);
  if (fault !== undefined || !isObject(raw)) return bad(fault ?? "");
  if (raw["ratio"] !== undefined && raw["change"] !== undefined) {
    return bad("the definition has both ratio and change; expected one of them");
  }
  return raw["ratio"] === undefined ? parseChange(name, raw["change"]) : parseRatio(name, raw["ratio"]);
}

function parseRatio(name: string, raw: unknown): Result<View> {
  const expected = 'expected {"numerator":"orders","denominator":"visits"}';
  if (!isObject(raw)) return bad(`ratio is ${describe(raw)}; ${expected}`);
  const odd = oddField("ratio", raw, RATIO_FIELDS);
  if (odd !== undefined) return bad(odd);
  const { numerator, denominator } = raw;
  if (typeof numerator !== "string") return bad(`ratio.numerator is ${describe(numerator)}; ${expected}`);
  if (typeof denominator !== "string")
    return bad(`ratio.denominator is ${describe(denominator)}; ${expected}`);
  return ok({ name, type: "ratio", numerator, denominator });
}

function parseChange(name: string, raw: unknown): Result<View> {
  const expected = 'expected {"metric":"clicks","ago":"1d"}';
  if (!isObject(raw)) return bad(`change is ${describe(raw)}; ${expected}`);
  const odd = oddField("change", raw, CHANGE_FIELDS);
  if (odd !== undefined) return bad(odd);
  const { metric, as = "relative" } = raw;
  if (typeof metric !== "string") return bad(`change.metric is ${describe(metric)}; ${expected}`);
  const agoMs = parseDuration(raw["ago"]);
  if (agoMs === undefined || agoMs < LEAST_AGO_MS || agoMs > MOST_AGO_MS) {
    return bad(
      `change.ago is ${describe(raw["ago"])}; expected a duration from 1m to 31d such as 1h, 1d or 1w`,
    );
  }
  if (as !== "relative" && as !== "absolute") {
    return bad(`change.as is ${describe(as)}; expected 'relative' or 'absolute'`);
  }
  return ok({ name, type: "change", metric, agoMs, as });
}

/** The metrics that a view is computed from. */
export function inputsOf(view: View): string[] {
  return view.type === "ratio" ? [view.numerator, view.denominator] : [view.metric];
}

/** What keeps a view from being computed from these metrics. */
export function viewFault(view: View, metricOf: (name: string) => Metric | undefined): string | undefined {
  const fault = inputFault(view, metricOf);
  if (fault !== undefined) return fault;
  return view.type === "ratio"
    ? ratioFault(metricOf(view.numerator), metricOf(view.denominator))
    : changeFault(view.agoMs, metricOf(view.metric));
}

/**
 * What is wrong with one of a view's metrics by itself. Two metrics of a ratio are changed one after the other: that their
 * windows differ meanwhile is no fault of a change.
 */
export function inputFault(view: View, metricOf: (name: string) => Metric | undefined): string | undefined {
  for (const input of inputsOf(view)) {
    const metric = metricOf(input);
    if (metric === undefined) return `there is no metric '${input}' to compute the view from`;
    if (itemLabel(metric.aggregate) !== undefined) {
      return `the metric '${input}' is ${itemisedName(metric.aggregate)}, which no view can be of`;
    }
  }
  return undefined;
}

function ratioFault(numerator?: Metric, denominator?: Metric): string | undefined {
  if (numerator === undefined || denominator === undefined) return undefined;
  const [above, below] = [numerator.window, denominator.window];
  if (above.everyMs !== below.everyMs || above.sizeMs !== below.sizeMs) {
    return `the windows of '${numerator.name}' and '${denominator.name}' differ in size or step`;
  }
  const odd = denominator.groupBy.find((key) => !numerator.groupBy.includes(key));
  if (odd === undefined) return undefined;
  return `the denominator '${denominator.name}' is grouped by '${odd}', which the numerator is not`;
}

function changeFault(agoMs: number, metric?: Metric): string | undefined {
  if (metric === undefined || agoMs % metric.window.everyMs === 0) return undefined;
  return `change.ago is ${agoMs} ms; expected a multiple of the window's step of '${metric.name}', ${metric.window.everyMs} ms`;
}

function oddField(of: string, raw: object, fields: readonly string[]): string | undefined {
  const odd = Object.keys(raw).find((field) => !fields.includes(field));
  return odd === undefined
    ? undefined
    : `unknown field ${describe(`${of}.${odd}`)}; expected ${fields.join(", ")}`;
}

function bad(message: string): { ok: false; reason: string; message: string } {
  return fail("metric", message);
}
