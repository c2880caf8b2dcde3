import type { BackfillRequest, BackfillState, BackfillStatus } from "../../protocol/backfill.ts";
import type { WindowSpec } from "../../protocol/window-spec.ts";
import { ceilTo, floorTo } from "../engine/windows.ts";

/** A backfill, as it is kept. All times are epoch ms. */
export interface BackfillJob {
  id: number;
  metric: string;
  revision: number;
  state: BackfillState;
  /** What was asked for: asked again while it is not done, it is the same. */
  asked: BackfillRequest;
  /** Ends of windows in `(fromMs, toMs]`. */
  fromMs: number;
  /** Absent: not known yet. */
  toMs?: number;
  /** Windows that end by this are done. */
  doneMs: number;
  /** The longest slice of event time that is read at once: less when its aggregates have not fitted in memory. */
  sliceMs: number;
  counts: BackfillCounts;
  /** Files that the bucket no longer has. */
  missing: MissingFile[];
  reason?: string;
  /** When to go on. */
  dueMs: number;
  /** Failures in a row. */
  failures: number;
  createdMs: number;
  updatedMs: number;
}

export interface BackfillCounts {
  events: number;
  points: number;
  requests: number;
  bytes: number;
  filesGone: number;
}

/** A file that is in the catalogue and not in the bucket; its events have times in `[fromMs, toMs]`. */
export interface MissingFile {
  path: string;
  fromMs: number;
  toMs: number;
}

/** Ends of windows in `(afterMs, untilMs]`. */
export interface EndSpan {
  afterMs: number;
  untilMs: number;
}

export const HOUR_MS = 3_600_000;
/** A session that began earlier before the first window than this counts from here. */
const SESSION_BEGIN_MS = 24 * HOUR_MS;

/** The job before any of it is done. */
export function newJob(
  { metric, revision, asked }: Pick<BackfillJob, "metric" | "revision" | "asked">,
  nowMs: number,
): Omit<BackfillJob, "id"> {
  return {
    metric,
    revision,
    state: "waiting",
    asked,
    ...asked,
    doneMs: asked.fromMs,
    sliceMs: HOUR_MS,
    counts: { events: 0, points: 0, requests: 0, bytes: 0, filesGone: 0 },
    missing: [],
    dueMs: nowMs,
    failures: 0,
    createdMs: nowMs,
    updatedMs: nowMs,
  };
}

export function statusOf(job: BackfillJob): BackfillStatus {
  const { id, metric, state, fromMs, toMs, doneMs, counts, reason, createdMs, updatedMs } = job;
  const share = toMs === undefined ? 0 : (doneMs - fromMs) / Math.max(1, toMs - fromMs);
  return {
    id,
    metric,
    state,
    from: fromMs,
    ...(toMs === undefined ? {} : { to: toMs }),
    doneTo: doneMs,
    progress: state === "done" ? 1 : Math.min(1, Math.max(0, share)),
    ...counts,
    ...(reason === undefined ? {} : { reason }),
    createdAt: createdMs,
    updatedAt: updatedMs,
  };
}

/** How long after an event the last window ends that it is in, at most. */
export function reachMs({ type, sizeMs, everyMs, gapMs = 0 }: WindowSpec): number {
  return type === "session" ? gapMs + everyMs : sizeMs;
}

/** From when on events have to be read for windows that end after `afterMs`. */
export function leadMs(window: WindowSpec, afterMs: number): number {
  const beforeMs =
    window.type === "session" ? SESSION_BEGIN_MS + reachMs(window) : window.sizeMs - window.everyMs;
  return Math.max(0, afterMs - beforeMs);
}

/**
 * How far windows can be replaced now: up to `toMs`, or as far as they are sealed. Whole stretches, but for a last one
 * that is not sealed yet: nothing of it is rolled up.
 */
export function sealedUntil(toMs: number, sealedEndMs: number, stretchMs: number): number {
  const whole = ceilTo(toMs, stretchMs);
  if (whole <= sealedEndMs) return whole;
  return toMs <= sealedEndMs ? toMs : floorTo(sealedEndMs, stretchMs);
}

/** Of some ends those that need no missing event, in whole stretches. */
export function spansWithout(
  { afterMs, untilMs }: EndSpan,
  missing: readonly Omit<MissingFile, "path">[],
  reach: number,
  stretchMs: number,
): EndSpan[] {
  const spans: EndSpan[] = [];
  let after = afterMs;
  for (const { fromMs, toMs } of missing.toSorted((a, b) => a.fromMs - b.fromMs)) {
    const lacking = { afterMs: floorTo(fromMs, stretchMs), untilMs: ceilTo(toMs + reach, stretchMs) };
    if (lacking.untilMs <= after || lacking.afterMs >= untilMs) continue;
    if (lacking.afterMs > after) spans.push({ afterMs: after, untilMs: lacking.afterMs });
    after = lacking.untilMs;
  }
  if (after < untilMs) spans.push({ afterMs: after, untilMs });
  return spans;
}

/** Whether it has not come to an end. */
export function isActive({ state }: Pick<BackfillJob, "state">): boolean {
  return state === "waiting" || state === "running";
}

/** Whether all of it is done. */
export function isComplete({ toMs, doneMs }: BackfillJob): boolean {
  return toMs !== undefined && doneMs >= toMs;
}
