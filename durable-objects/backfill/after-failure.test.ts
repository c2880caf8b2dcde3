import { describe, expect, it } from "vitest";
import { afterFailure } from "./after-failure.ts";
import { type BackfillJob, newJob, sealedUntil, spansWithout } from "./backfill-job.ts";
import { BackfillTooLargeError, MetricEndedError, SliceTooLargeError } from "./backfill-run.ts";
import { PastFileGoneError } from "./past-events.ts";

const JOB: BackfillJob = {
  ...newJob({ metric: "m", revision: 1, asked: { fromMs: 0 } }, 5),
  id: 1,
  state: "running",
};

function after(error: unknown, suspects = new Set<string>(), job = JOB): BackfillJob {
  return afterFailure(job, error, suspects, 1_000);
}

describe("[C4] after a failure", () => {
  it("[C4] a slice that does not fit is read in shorter ones", () => {
    expect(after(new SliceTooLargeError("x"))).toEqual({ ...JOB, sliceMs: 900_000, dueMs: 1_000 });
  });

  it("[C4] what cannot be done has failed, what has ended is cancelled", () => {
    expect(after(new BackfillTooLargeError("too wide"))).toMatchObject({
      state: "failed",
      reason: "too wide",
    });
    expect(after(new MetricEndedError("gone"))).toMatchObject({ state: "cancelled", reason: "gone" });
  });

  it("[C4] pauses become longer, up to a minute", () => {
    const due = [1, 2, 3, 20].map((failures) => {
      return after(new Error("R2 is away"), new Set(), { ...JOB, failures: failures - 1 }).dueMs;
    });
    expect(due).toEqual([2_000, 3_000, 5_000, 61_000]);
    expect(after(new Error("R2 is away"))).toMatchObject({
      state: "running",
      reason: "R2 is away",
      failures: 1,
    });
  });

  it("[C4] a file is gone when it is missing twice", () => {
    const error = new PastFileGoneError({ path: "a", minTs: 3, maxTs: 7 } as never);
    const suspects = new Set<string>();
    expect(after(error, suspects)).toEqual({ ...JOB, dueMs: 1_000 });
    expect(after(error, suspects)).toMatchObject({
      missing: [{ path: "a", fromMs: 3, toMs: 7 }],
      counts: { filesGone: 1 },
    });
  });
});

describe("[C4] spans", () => {
  it.each([
    [1_000, 1_000, 1_000],
    [950, 1_000, 1_000],
    [950, 999, 950],
    [950, 920, 900],
    [950, 99, 0],
  ])("[C4] up to %i, sealed up to %i: up to %i", (toMs, sealedEndMs, untilMs) => {
    expect(sealedUntil(toMs, sealedEndMs, 100)).toBe(untilMs);
  });

  it("[C4] leave out the stretches that need a missing event", () => {
    const spans = (missing: [number, number][]) =>
      spansWithout(
        { afterMs: 100, untilMs: 1_000 },
        missing.map(([fromMs, toMs]) => ({ fromMs, toMs })),
        30,
        100,
      ).map(({ afterMs, untilMs }) => [afterMs, untilMs]);
    expect(spans([])).toEqual([[100, 1_000]]);
    expect(
      spans([
        [610, 650],
        [210, 280],
        [250, 275],
      ]),
    ).toEqual([
      [100, 200],
      [400, 600],
      [700, 1_000],
    ]);
    expect(spans([[0, 99]])).toEqual([[200, 1_000]]);
    expect(spans([[0, 2_000]])).toEqual([]);
  });
});
