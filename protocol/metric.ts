import { type AggregateSpec, isKey, itemLabel, parseAggregate } from "./aggregate-spec.ts";
import { groupsThatFit, stateBytes } from "./footprint.ts";
import { LIMITS } from "./limits.ts";
import { describe, fail, isObject, ok, type Result } from "./result.ts";
import { parseDuration } from "./time.ts";
import { parseWhere, type WhereExpression } from "./where.ts";
import { parseWindow, type WindowSource, type WindowSpec } from "./window-spec.ts";

/** A metric as it was defined: what `PUT /v1/catalog/metrics/{name}` takes and `GET` gives back. */
export interface MetricSource {
  name: string;
  event: string;
  where?: string;
  aggregate: string;
  window: WindowSource;
  groupBy?: string[];
  delay?: string;
  lateness?: string;
  maxGroups?: number;
  shards?: number;
}

/** A metric in the engine's terms. All durations in milliseconds. */
export interface Metric {
  name: string;
  event: string;
  where?: WhereExpression;
  aggregate: AggregateSpec;
  window: WindowSpec;
  groupBy: string[];
  delayMs: number;
  latenessMs: number;
  maxGroups: number;
  /** How many window objects share its groups. */
  shards: number;
}

const FIELDS = [
  "name",
  "event",
  "where",
  "aggregate",
  "window",
  "groupBy",
  "delay",
  "lateness",
  "maxGroups",
  "shards",
];
const NAME = /^[a-zA-Z_][a-zA-Z0-9_.:-]{0,127}$/;
const KEY_BOUND = `at most ${LIMITS.keyBytes} bytes`;
const DEFAULT_DELAY_MS = 2_000;
const DEFAULT_LATENESS_MS = 30_000;
const DEFAULT_MAX_GROUPS = 1_000;
/** What a session is told by: its length in ms from first to last event, and how many events it has. */
export const SESSION_FIELDS = ["duration", "events"] as const;

/** Checks a metric's definition; the message names the field, what it holds and what was expected. */
export function parseMetric(name: string, raw: unknown): Result<Metric> {
  const fault = headFault(name, raw, FIELDS);
  if (fault !== undefined || !isObject(raw)) return bad(fault ?? "");
  if (!isKey(raw["event"])) {
    return bad(`event is ${describe(raw["event"])}; expected the name of the events to take, ${KEY_BOUND}`);
  }
  const where = parseCondition(raw["where"]);
  if (!where.ok) return where;
  const aggregate = parseAggregate(raw["aggregate"]);
  if (!aggregate.ok) return aggregate;
  const window = parseWindow(raw["window"]);
  if (!window.ok) return window;
  const groupBy = parseGroupBy(raw["groupBy"]);
  if (!groupBy.ok) return groupBy;
  const unfit = combinationFault(aggregate.value, window.value, groupBy.value);
  if (unfit !== undefined) return bad(unfit);
  const delayMs = duration("delay", raw["delay"], DEFAULT_DELAY_MS);
  if (!delayMs.ok) return delayMs;
  const latenessMs = duration("lateness", raw["lateness"], DEFAULT_LATENESS_MS);
  if (!latenessMs.ok) return latenessMs;
  return withSize(raw, {
    name,
    event: raw["event"],
    ...(where.value === undefined ? {} : { where: where.value }),
    aggregate: aggregate.value,
    window: window.value,
    groupBy: groupBy.value,
    delayMs: delayMs.value,
    latenessMs: latenessMs.value,
    maxGroups: 1,
    shards: 1,
  });
}

/** Whether points of two definitions of a metric mean the same, so that it can go on when one takes the other's place. */
export function meansTheSame(name: string, a: unknown, b: unknown): boolean {
  if (!isObject(a) || !isObject(b)) return false;
  // The same times for both: how many groups there may be without a maxGroups depends on them, too.
  const before = parseMetric(name, { ...a, delay: b["delay"], lateness: b["lateness"] });
  const after = parseMetric(name, b);
  return before.ok && after.ok && JSON.stringify(before.value) === JSON.stringify(after.value);
}

/** What is wrong with a definition's name or the names of its fields. */
export function headFault(name: string, raw: unknown, fields: readonly string[]): string | undefined {
  if (!isObject(raw)) return `the definition is ${describe(raw)}; expected an object`;
  if (!NAME.test(name)) {
    return `name is ${describe(name)}; expected a letter or _, then letters, digits, _ . : -, at most 128`;
  }
  if (raw["name"] !== undefined && raw["name"] !== name) {
    return `name is ${describe(raw["name"])}; the path says '${name}'`;
  }
  const odd = Object.keys(raw).find((field) => !fields.includes(field));
  return odd === undefined ? undefined : `unknown field ${describe(odd)}; expected ${fields.join(", ")}`;
}

/** How many groups and objects a metric may have, so that what it holds fits them. */
function withSize(raw: Record<string, unknown>, metric: Metric): Result<Metric> {
  const shards = raw["shards"] ?? 1;
  if (!isWhole(shards, 1, LIMITS.shards)) {
    return bad(`shards is ${describe(shards)}; expected a whole number from 1 to ${LIMITS.shards}`);
  }
  if (shards > 1 && (metric.groupBy.length === 0 || metric.window.type === "session")) {
    return bad(`shards is ${shards}, but only a tumbling or sliding metric with groupBy can be split`);
  }
  const fitting = groupsThatFit({ ...metric, shards });
  const given = raw["maxGroups"] ?? undefined;
  if (given !== undefined && !isWhole(given, 1, LIMITS.maxGroups)) {
    return bad(`maxGroups is ${describe(given)}; expected a whole number from 1 to ${LIMITS.maxGroups}`);
  }
  const maxGroups = (given as number | undefined) ?? Math.min(DEFAULT_MAX_GROUPS, Math.max(1, fitting));
  if (fitting >= (metric.groupBy.length === 0 ? 1 : maxGroups)) return ok({ ...metric, maxGroups, shards });
  const bytes = stateBytes({ ...metric, maxGroups, shards });
  return bad(
    `the metric's windows may take ${megabytes(bytes)} of memory; the bound is ${megabytes(LIMITS.windowStateBytes)}: ` +
      (fitting >= 1 ? `maxGroups of at most ${fitting}, more shards, ` : "not even one group fits; ") +
      "a shorter window or lateness, or a longer step would fit",
  );
}

function parseCondition(raw: unknown): Result<WhereExpression | undefined> {
  if (raw === undefined || raw === null) return ok(undefined);
  if (typeof raw !== "string") {
    return bad(`where is ${describe(raw)}; expected an expression such as "country in ['US', 'DE']"`);
  }
  const parsed = parseWhere(raw);
  return parsed.ok ? parsed : bad(parsed.message);
}

/** What aggregate, window and groups cannot be together. */
function combinationFault(
  { fn, field }: AggregateSpec,
  window: WindowSpec,
  groupBy: readonly string[],
): string | undefined {
  if (field !== undefined && itemLabel({ fn, field }) === field && groupBy.includes(field)) {
    const fault = fn === "topk" ? "each group would rank itself" : "both would be the label of that name";
    return `aggregate is ${fn} over '${field}', which is in groupBy too: ${fault}`;
  }
  if (window.type !== "session") return undefined;
  if (fn === "last" || fn === "uniques" || fn === "topk") {
    return `aggregate ${fn} is not one of sessions; expected count, rate, sum, min, max, avg, histogram or a percentile`;
  }
  if (field === undefined || SESSION_FIELDS.some((name) => name === field)) return undefined;
  return `aggregate's field is '${field}'; a session has ${SESSION_FIELDS.join(" and ")}`;
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

function isWhole(value: unknown, least: number, most: number): value is number {
  return Number.isInteger(value) && (value as number) >= least && (value as number) <= most;
}

function megabytes(bytes: number): string {
  return `${Math.ceil(bytes / 2 ** 20).toLocaleString("en-US")} MiB`;
}

function bad(message: string): { ok: false; reason: string; message: string } {
  return fail("metric", message);
}
