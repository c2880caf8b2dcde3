import { retryPauseMs } from "../archive/cut-policy.ts";
import type { BackfillJob } from "./backfill-job.ts";
import { BackfillTooLargeError, MetricEndedError, SliceTooLargeError } from "./backfill-run.ts";
import { PastFileGoneError } from "./past-events.ts";

/** By how much slices become shorter when one does not fit. */
const SHORTER = 4;

/**
 * How a backfill goes on whose run has failed: with another one, after a pause where that may help, or not at all.
 *
 * @param suspects paths of files that were missing once: the catalogue may have been read before they were put together
 *   with others. Is added to.
 */
export function afterFailure(
  job: BackfillJob,
  error: unknown,
  suspects: Set<string>,
  nowMs: number,
): BackfillJob {
  const reason = error instanceof Error ? error.message : String(error);
  if (error instanceof MetricEndedError) return { ...job, state: "cancelled", reason };
  if (error instanceof BackfillTooLargeError) return { ...job, state: "failed", reason };
  if (error instanceof SliceTooLargeError) {
    return { ...job, sliceMs: Math.ceil(job.sliceMs / SHORTER), dueMs: nowMs };
  }
  if (error instanceof PastFileGoneError) {
    const { path, minTs, maxTs } = error.file;
    const again = { ...job, dueMs: nowMs };
    if (!suspects.has(path)) {
      suspects.add(path);
      return again;
    }
    return {
      ...again,
      missing: [...job.missing, { path, fromMs: minTs, toMs: maxTs }],
      counts: { ...job.counts, filesGone: job.counts.filesGone + 1 },
    };
  }
  const failures = job.failures + 1;
  return { ...job, failures, reason, dueMs: nowMs + retryPauseMs(failures) };
}
