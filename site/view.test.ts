import { describe, expect, it } from "vitest";
import { View } from "./view.ts";

const setUp = () => {
  const clock = { ms: 1_000_000 };
  return { clock, view: new View(() => clock.ms) };
};

describe("View", () => {
  it("[U2] holds the time while it is paused, and goes on with the server's", () => {
    const { clock, view } = setUp();
    view.togglePaused();
    clock.ms += 5_000;
    expect([view.nowMs(), view.isFollowing]).toEqual([1_000_000, false]);
    view.togglePaused();
    expect([view.nowMs(), view.isFollowing]).toEqual([1_005_000, true]);
  });

  it("[U2] a fixed range stops following, and the way back is to the range before", () => {
    const { view } = setUp();
    view.choose({ lastMs: 60_000 });
    view.choose({ fromMs: 950_000, toMs: 960_000 });
    expect(view.isFollowing).toBe(false);
    view.follow();
    expect(view.range.value).toEqual({ lastMs: 60_000 });
    expect(view.isFollowing).toBe(true);
  });

  it("[U2] pausing a fixed range means going back to now", () => {
    const { view } = setUp();
    view.choose({ fromMs: 950_000, toMs: 960_000 });
    view.togglePaused();
    expect([view.range.value, view.isFollowing]).toEqual([undefined, true]);
  });

  it("[U2] no range ends in the future, nor begins before time", () => {
    const { view } = setUp();
    view.choose({ fromMs: 990_000, toMs: 1_020_000 });
    expect(view.range.value).toEqual({ fromMs: 990_000, toMs: 1_000_000 });
    view.pan({ fromMs: 980_000, toMs: 1_010_000 });
    expect(view.range.value).toEqual({ fromMs: 970_000, toMs: 1_000_000 });
    view.choose({ fromMs: -5_000, toMs: 10_000 });
    expect(view.range.value).toEqual({ fromMs: 0, toMs: 10_000 });
    view.choose({ fromMs: 2_000_000, toMs: 2_500_000 });
    expect(view.range.value).toEqual({ fromMs: 999_000, toMs: 1_000_000 });
  });
});
