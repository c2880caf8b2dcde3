import { describe, fail, isObject, ok, type Result } from "./result.ts";
import { parseInstant } from "./time.ts";

/** What `POST /v1/catalog/metrics/{name}/backfill` takes: ends of windows in `(fromMs, toMs]`, epoch ms. */
export interface BackfillRequest {
  fromMs: number;
  /** Absent: up to where live aggregation has had every event of its windows. */
  toMs?: number;
}

/** `waiting`: for windows that live aggregation has yet to seal. */
export type BackfillState = "waiting" | "running" | "done" | "failed" | "cancelled";

/** A backfill as it is told. Times are epoch ms. */
export interface BackfillStatus {
  id: number;
  metric: string;
  state: BackfillState;
  /** Windows that end after this… */
  from: number;
  /** … and by this; absent: not known yet. */
  to?: number;
  /** Windows that end by this are done: replaced, or left as they are where there is nothing to compute them from. */
  doneTo: number;
  /** The share that is done, 0 to 1. */
  progress: number;
  /** Events that were read, from the archive and from the log behind it. */
  events: number;
  /** Points that were put in place. */
  points: number;
  /** Requests to the archive, and bytes that they asked for. */
  requests: number;
  bytes: number;
  /** Files of the archive that the bucket no longer has. Windows that need one are left as they are. */
  filesGone: number;
  /** Why it waits, was cancelled or has failed, or what is being tried again. */
  reason?: string;
  createdAt: number;
  updatedAt: number;
}

/** Unfinished backfills of one project, at most. */
export const MOST_BACKFILLS = 8;
const LONGEST_SPAN_MS = 366 * 86_400_000;

/** Reads what starts a backfill: `from` and, if wanted, `to`, each epoch ms, ISO 8601 or `now-15m`. */
export function parseBackfill(raw: unknown, nowMs: number): Result<BackfillRequest> {
  if (!isObject(raw)) return bad(`the backfill is ${describe(raw)}; expected an object with from`);
  const odd = Object.keys(raw).find((field) => field !== "from" && field !== "to");
  if (odd !== undefined) return bad(`unknown field ${describe(odd)}; a backfill has from and to`);
  const fromMs = instant("from", raw["from"], nowMs);
  if (!fromMs.ok) return fromMs;
  const toMs = raw["to"] === undefined ? ok(nowMs) : instant("to", raw["to"], nowMs);
  if (!toMs.ok) return toMs;
  if (toMs.value > nowMs) return bad(`to is ${toMs.value}, in the future; only what is past can be replayed`);
  const spanMs = toMs.value - fromMs.value;
  if (spanMs <= 0) return bad(`from is ${fromMs.value}, not before ${toMs.value}`);
  if (spanMs > LONGEST_SPAN_MS) {
    return bad(`from and to are ${spanMs} ms apart; the bound is ${LONGEST_SPAN_MS}, 366 days`);
  }
  return ok({ fromMs: fromMs.value, ...(raw["to"] === undefined ? {} : { toMs: toMs.value }) });
}

function instant(field: string, raw: unknown, nowMs: number): Result<number> {
  const isTime = typeof raw === "string" || typeof raw === "number";
  const parsed = isTime ? parseInstant(String(raw), nowMs) : undefined;
  if (parsed?.ok === true) return parsed;
  return bad(`${field} is ${describe(raw)}; expected epoch milliseconds, ISO 8601 or now-7d`);
}

function bad(message: string): { ok: false; reason: string; message: string } {
  return fail("backfill", message);
}
