import type { Dashboard } from "./dashboard.ts";
import { LIMITS, utf8Length } from "./limits.ts";
import type { MetricSource } from "./metric.ts";
import { describe, fail, isObject, ok, type Result } from "./result.ts";
import { type Group, parseGroups } from "./series.ts";
import { parseDuration } from "./time.ts";

/** What a share link shows, and nothing else. */
export interface ShareScope {
  /** Names of metrics and views; a view does not bring along what it is computed from. */
  metrics: string[];
  /** Only groups that match one of these; absent: all. */
  groups?: Group[];
  /** The dashboard that the link opens; absent: one panel for each metric. */
  dashboard?: string;
}

/** A share link, as `GET /v1/share` lists it. Times are epoch ms. */
export interface ShareLink extends ShareScope {
  id: string;
  createdAt: number;
  expiresAt: number;
}

/** What `POST /v1/share` answers: the only time that the token is told. */
export interface MintedShare extends ShareLink {
  token: string;
  /** The page that shows it. */
  link: string;
}

/** A metric as panels draw it: neither its events nor its condition are told. */
export interface SharedMetric extends MetricSource {
  isFraction?: boolean;
}

/** What `GET /v1/share/view` answers to a share token: all that its page needs. */
export interface SharedView {
  dashboard: Dashboard;
  metrics: SharedMetric[];
  groups?: Group[];
  expiresAt: number;
}

/** What was asked for: `metrics` may be left out where a dashboard is named, and are then those of its panels. */
export interface ShareRequest extends Omit<ShareScope, "metrics"> {
  metrics?: string[];
  expiresInMs: number;
}

const FIELDS = ["metrics", "groups", "dashboard", "expiresIn"];
const LEAST_MS = 60_000;
const MOST_MS = 366 * 86_400_000;

/** Reads what `POST /v1/share` takes; the message names the field, what it holds and what was expected. */
export function parseShare(raw: unknown): Result<ShareRequest> {
  if (!isObject(raw)) return bad(`the share is ${describe(raw)}; expected an object`);
  const odd = Object.keys(raw).find((field) => !FIELDS.includes(field));
  if (odd !== undefined) return bad(`unknown field ${describe(odd)}; expected ${FIELDS.join(", ")}`);
  const { metrics, dashboard, expiresIn } = raw;
  const expiresInMs = parseDuration(expiresIn);
  if (expiresInMs === undefined || expiresInMs < LEAST_MS || expiresInMs > MOST_MS) {
    return bad(`expiresIn is ${describe(expiresIn)}; expected a duration from 1m to 366d such as '7d'`);
  }
  const request: ShareRequest = { expiresInMs };
  if (dashboard !== undefined) {
    if (typeof dashboard !== "string")
      return bad(`dashboard is ${describe(dashboard)}; expected a dashboard's name`);
    request.dashboard = dashboard;
  }
  if (metrics !== undefined || dashboard === undefined) {
    const fault = metricsFault(metrics);
    if (fault !== undefined) return bad(fault);
    request.metrics = [...new Set(metrics as string[])];
  }
  if (raw["groups"] !== undefined) {
    const parsed = parseGroups(raw["groups"]);
    if ("fault" in parsed) return bad(parsed.fault);
    const { groups } = parsed;
    if (groups.length > LIMITS.sharedGroups) {
      return bad(`groups has ${groups.length} entries; the bound is ${LIMITS.sharedGroups}`);
    }
    // A matcher that names nothing matches all.
    const empty = groups.findIndex((group) => Object.keys(group).length === 0);
    if (empty >= 0) return bad(`groups[${empty}] names no key; leave groups out to share all`);
    request.groups = groups;
  }
  return ok(request);
}

/** The token travels in addresses and headers: what is too large for those. */
export function scopeFault(scope: ShareScope): string | undefined {
  const bytes = utf8Length(JSON.stringify(scope));
  if (bytes <= LIMITS.shareScopeBytes) return undefined;
  return `the names and groups have ${bytes} bytes; the bound of one share link is ${LIMITS.shareScopeBytes}`;
}

function metricsFault(metrics: unknown): string | undefined {
  if (!Array.isArray(metrics) || metrics.length === 0 || !metrics.every((name) => typeof name === "string")) {
    return `metrics is ${describe(metrics)}; expected a list of names of metrics and views`;
  }
  if (metrics.length <= LIMITS.sharedMetrics) return undefined;
  return `metrics has ${metrics.length} entries; the bound is ${LIMITS.sharedMetrics}`;
}

/**
 * The groups that are both asked for and allowed. Either side undefined: all.
 *
 * @returns undefined for all; an empty list when there is none.
 */
export function allowedGroups(
  asked: readonly Group[] | undefined,
  allowed: readonly Group[] | undefined,
): Group[] | undefined {
  if (allowed === undefined) return asked && [...asked];
  if (asked === undefined || asked.length === 0) return [...allowed];
  return asked.flatMap((group) =>
    allowed
      .filter((limit) => Object.entries(limit).every(([key, value]) => (group[key] ?? value) === value))
      .map((limit) => ({ ...group, ...limit })),
  );
}

function bad(message: string): { ok: false; reason: string; message: string } {
  return fail("share", message);
}
