import { describe, expect, it } from "vitest";
import { DeltaLog, readEntry } from "./delta-log.ts";
import type { FrameDelta } from "./live-frame.ts";

const LIFE = 5;

function frame(after: number, characters = 2): FrameDelta {
  return { after, series: JSON.stringify("x".repeat(characters - 2)), watermark: after, lag: 10 };
}

describe("[L3] the log of deltas", () => {
  it("[L3] gives what came after a position, and says when it does not reach back to it", () => {
    const log = new DeltaLog({ life: LIFE, sequence: 3 });
    for (const after of [3, 4, 5]) log.append(after + 1, frame(after), 1_000);
    expect(log.position).toEqual({ life: LIFE, sequence: 6 });
    expect(log.since(4).map(({ to }) => to)).toEqual([5, 6]);
    expect(log.since(6)).toEqual([]);
    const goesOn = [2, 3, 6].map((sequence) => log.goesOnFrom({ life: LIFE, sequence }));
    expect(goesOn).toEqual([false, true, true]);
    expect(log.goesOnFrom({ life: LIFE + 1, sequence: 4 })).toBe(false);
    expect(log.since(3)[0]).toMatchObject({ watermark: 3, bornMs: 990 });
  });

  it("[L3] gives a frame whole that holds more than what came after", () => {
    const log = new DeltaLog({ life: LIFE, sequence: 3 });
    log.append(8, frame(3), 0);
    expect(log.since(5).map(readEntry)).toEqual([""]);
  });

  it("[L3] is bounded in frames and in characters: the oldest go, and it reaches back less far", () => {
    const frames = new DeltaLog({ life: LIFE, sequence: 0 });
    for (let after = 0; after < 2_000; after++) frames.append(after + 1, frame(after), 0);
    expect(frames.since(0)).toHaveLength(1_024);
    expect(frames.goesOnFrom({ life: LIFE, sequence: 2_000 - 1_024 })).toBe(true);
    expect(frames.goesOnFrom({ life: LIFE, sequence: 2_000 - 1_025 })).toBe(false);
    const large = new DeltaLog({ life: LIFE, sequence: 0 });
    for (let after = 0; after < 5; after++) large.append(after + 1, frame(after, 400_000), 0);
    expect(large.since(0).map(({ to }) => to)).toEqual([4, 5]);
  });
});
