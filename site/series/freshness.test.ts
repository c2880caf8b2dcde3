import { describe, expect, it } from "vitest";
import { freshness, type FreshnessInput } from "./freshness.ts";
import { traitsOf } from "./traits.ts";

const base: FreshnessInput = {
  nowMs: 100_000,
  connected: true,
  pausedAtMs: undefined,
  freshAtMs: 99_600,
  rhythmMs: 1_000,
  traits: traitsOf(undefined),
};

describe("freshness", () => {
  it("[U3] is live while news keep coming", () => {
    expect(freshness(base)).toEqual({ tone: "live", text: "0.4 s" });
    expect(freshness({ ...base, freshAtMs: 99_980 }).text).toBe("<0.1 s");
  });

  it("[U3] of a step that is not over says no more than that", () => {
    const traits = { ...base.traits, stepMs: 10_800_000 };
    expect(freshness({ ...base, traits, freshAtMs: 9_000_000 }).text).toBe("<3 h");
    expect(freshness({ ...base, traits: { ...traits, stepMs: 25_921_000 }, freshAtMs: 9_000_000 }).text).toBe(
      "<7.2 h",
    );
    // The server's clock is known to a second or so.
    expect(freshness({ ...base, traits, freshAtMs: 101_000 }).text).toBe("<0.1 s");
  });

  it("[U3] turns stale when they stop", () => {
    expect(freshness({ ...base, freshAtMs: 88_000 })).toEqual({ tone: "stale", text: "stale · 12 s" });
  });

  it("[U3] does not call data stale that come more rarely", () => {
    expect(freshness({ ...base, freshAtMs: 88_000, rhythmMs: 10_000 }).tone).toBe("live");
  });

  it("[U3] says so when the connection is gone, the page stands still, or nothing ever came", () => {
    expect(freshness({ ...base, connected: false }).text).toBe("offline · 0.4 s");
    expect(freshness({ ...base, pausedAtMs: 97_000 }).text).toBe("paused · 3.0 s");
    expect(freshness({ ...base, freshAtMs: undefined }).text).toBe("no data");
  });

  it("[U3] of a panel without an answer is not live, nor anything else that data are", () => {
    const failed = { tone: "failed", text: "no answer" };
    expect(freshness({ ...base, failed: true })).toEqual(failed);
    expect(freshness({ ...base, failed: true, connected: false, freshAtMs: undefined })).toEqual(failed);
    expect(freshness({ ...base, failed: true, isPast: true, pausedAtMs: 97_000 })).toEqual(failed);
  });
});
