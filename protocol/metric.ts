import { exceedsBytes, LIMITS } from "./limits.ts";
import { describe, fail, isObject, ok, type Result } from "./result.ts";
import { parseDuration } from "./time.ts";

/** An aggregate function and what it is taken over: `value`, `user` or a prop; count and rate take nothing. */
export interface AggregateSpec {
  fn: AggregateName;
  field?: string;
}

export const AGGREGATE_NAMES = ["count", "rate", "sum", "min", "max", "avg"] as const;
export type AggregateName = (typeof AGGREGATE_NAMES)[number];

/** Aggregates that count events and so take no field. */
const WITHOUT_FIELD: ReadonlySet<AggregateName> = new Set(["count", "rate"]);

export interface WindowSpec {
  type: "tumbling" | "sliding";
  sizeMs: number;
  /** Distance of two windows' ends; equals `sizeMs` when tumbling. */
  everyMs: number;
}

/** A metric as it was defined: what `PUT /v1/catalog/metrics/{name}` takes and `GET` gives back. */
export interface MetricSource {
  name: string;
  event: string;
  aggregate: string;
  window: { type: "tumbling" | "sliding"; size: string; every?: string };
  groupBy?: string[];
  delay?: string;
  lateness?: string;
  maxGroups?: number;
}

/** A metric in the engine's terms. All durations in milliseconds. */
export interface Metric {
  name: string;
  event: string;
  aggregate: AggregateSpec;
  window: WindowSpec;
  groupBy: string[];
  delayMs: number;
  latenessMs: number;
  maxGroups: number;
}

const FIELDS = ["name", "event", "aggregate", "window", "groupBy", "delay", "lateness", "maxGroups"];
const WINDOW_FIELDS = ["type", "size", "every"];
const NAME = /^[a-zA-Z_][a-zA-Z0-9_.:-]{0,127}$/;
const KEY_BOUND = `at most ${LIMITS.keyBytes} bytes`;
const DEFAULT_DELAY_MS = 2_000;
const DEFAULT_LATENESS_MS = 30_000;
const DEFAULT_MAX_GROUPS = 1_000;
const LONGEST_WINDOW_MS = 31 * 86_400_000;
const SHORTEST_STEP_MS = 100;

/** Checks a metric's definition; the message names the field, what it holds and what was expected. */
export function parseMetric(name: string, raw: unknown): Result<Metric> {
  if (!isObject(raw)) return bad(`the definition is ${describe(raw)}; expected an object`);
  if (!NAME.test(name)) {
    return bad(
      `name is ${describe(name)}; expected a letter or _, then letters, digits, _ . : -, at most 128`,
    );
  }
  if (raw["name"] !== undefined && raw["name"] !== name) {
    return bad(`name is ${describe(raw["name"])}; the path says '${name}'`);
  }
  for (const field of Object.keys(raw)) {
    if (!FIELDS.includes(field)) {
      return bad(`unknown field ${describe(field)}; expected ${FIELDS.join(", ")}`);
    }
  }
  if (!isKey(raw["event"])) {
    return bad(`event is ${describe(raw["event"])}; expected the name of the events to take, ${KEY_BOUND}`);
  }
  const aggregate = parseAggregate(raw["aggregate"]);
  if (!aggregate.ok) return aggregate;
  const window = parseWindow(raw["window"]);
  if (!window.ok) return window;
  const groupBy = parseGroupBy(raw["groupBy"]);
  if (!groupBy.ok) return groupBy;
  const delayMs = duration("delay", raw["delay"], DEFAULT_DELAY_MS);
  if (!delayMs.ok) return delayMs;
  const latenessMs = duration("lateness", raw["lateness"], DEFAULT_LATENESS_MS);
  if (!latenessMs.ok) return latenessMs;
  const maxGroups = raw["maxGroups"] ?? DEFAULT_MAX_GROUPS;
  if (!Number.isInteger(maxGroups) || (maxGroups as number) < 1 || (maxGroups as number) > LIMITS.maxGroups) {
    return bad(`maxGroups is ${describe(maxGroups)}; expected a whole number from 1 to ${LIMITS.maxGroups}`);
  }
  return ok({
    name,
    event: raw["event"],
    aggregate: aggregate.value,
    window: window.value,
    groupBy: groupBy.value,
    delayMs: delayMs.value,
    latenessMs: latenessMs.value,
    maxGroups: maxGroups as number,
  });
}

/** Reads `count`, `rate`, or `fn(field)` such as `sum(value)`. */
export function parseAggregate(raw: unknown): Result<AggregateSpec> {
  // No two parts of the pattern can take the same character: it cannot be made to backtrack.
  const match = typeof raw === "string" ? /^([a-z][a-z0-9.]*)\s*(?:\(([^()]*)\))?$/.exec(raw.trim()) : null;
  const fn = match?.[1] as AggregateName | undefined;
  if (fn === undefined || !AGGREGATE_NAMES.includes(fn)) {
    return bad(`aggregate is ${describe(raw)}; expected count, rate, sum(x), min(x), max(x) or avg(x)`);
  }
  const field = match?.[2]?.trim();
  if (WITHOUT_FIELD.has(fn)) {
    return field === undefined || field === ""
      ? ok({ fn })
      : bad(`aggregate ${fn} takes no field, but has '${field}'`);
  }
  if (field === undefined || field === "") {
    return bad(`aggregate ${fn} needs a field: ${fn}(value), or ${fn}(p) for a prop p`);
  }
  if (!isKey(field)) return bad(`aggregate's field is ${describe(field)}; expected ${KEY_BOUND}`);
  return ok({ fn, field });
}

/** Whether an event may hold this as its name or as the key of a prop. */
function isKey(value: unknown): value is string {
  return typeof value === "string" && value !== "" && !exceedsBytes(value, LIMITS.keyBytes);
}

function parseWindow(raw: unknown): Result<WindowSpec> {
  if (!isObject(raw)) return bad(`window is ${describe(raw)}; expected {"type":"tumbling","size":"1s"}`);
  for (const field of Object.keys(raw)) {
    if (!WINDOW_FIELDS.includes(field)) {
      return bad(`unknown field ${describe(`window.${field}`)}; expected ${WINDOW_FIELDS.join(", ")}`);
    }
  }
  const type = raw["type"];
  if (type !== "tumbling" && type !== "sliding") {
    return bad(`window.type is ${describe(type)}; expected 'tumbling' or 'sliding'`);
  }
  const sizeMs = parseDuration(raw["size"]);
  if (sizeMs === undefined || sizeMs < SHORTEST_STEP_MS || sizeMs > LONGEST_WINDOW_MS) {
    return bad(`window.size is ${describe(raw["size"])}; expected a duration from 100ms to 31d`);
  }
  if (type === "tumbling") {
    return raw["every"] === undefined
      ? ok({ type, sizeMs, everyMs: sizeMs })
      : bad("window.every belongs to sliding windows; a tumbling window's step is its size");
  }
  const everyMs = parseDuration(raw["every"]);
  if (everyMs === undefined || everyMs < SHORTEST_STEP_MS || everyMs > sizeMs) {
    return bad(
      `window.every is ${describe(raw["every"])}; expected a duration from 100ms to the window's size`,
    );
  }
  const panes = sizeMs / paneMs({ sizeMs, everyMs });
  if (panes > LIMITS.panesPerWindow) {
    return bad(
      `window.size and window.every make ${panes} panes a window; the bound is ${LIMITS.panesPerWindow}`,
    );
  }
  return ok({ type, sizeMs, everyMs });
}

/** Length of a pane: the longest slice that both the size and the step are multiples of. */
export function paneMs(window: { sizeMs: number; everyMs: number }): number {
  let [a, b] = [window.sizeMs, window.everyMs];
  while (b > 0) [a, b] = [b, a % b];
  return a;
}

function parseGroupBy(raw: unknown): Result<string[]> {
  if (raw === undefined || raw === null) return ok([]);
  if (!Array.isArray(raw)) {
    return bad(`groupBy is ${describe(raw)}; expected a list of prop names, 'user' or 'name'`);
  }
  const odd = raw.findIndex((key) => !isKey(key));
  if (odd >= 0) {
    return bad(
      `groupBy[${odd}] is ${describe(raw[odd])}; expected a prop's name, 'user' or 'name', ${KEY_BOUND}`,
    );
  }
  if (raw.length > LIMITS.groupByKeys) {
    return bad(`groupBy has ${raw.length} keys; the bound is ${LIMITS.groupByKeys}`);
  }
  if (new Set(raw).size !== raw.length) return bad(`groupBy names a key twice: ${raw.join(", ")}`);
  return ok(raw as string[]);
}

function duration(field: string, raw: unknown, fallbackMs: number): Result<number> {
  if (raw === undefined || raw === null) return ok(fallbackMs);
  const ms = parseDuration(raw);
  if (ms === undefined || ms > 86_400_000) {
    return bad(`${field} is ${describe(raw)}; expected a duration such as '2s', at most 1d`);
  }
  return ok(ms);
}

function bad(message: string): { ok: false; reason: string; message: string } {
  return fail("metric", message);
}
