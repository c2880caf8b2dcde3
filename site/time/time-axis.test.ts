import { describe, expect, it, vi } from "vitest";
import { formatPointTime, formatTime, formatTimeTick } from "./time-axis.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Local times: ticks are read in the viewer's zone. */
const at = (day: number, hour = 0, minute = 0): number => new Date(2026, 10, day, hour, minute).getTime();

describe("ticks of a time axis", () => {
  it("[U4] of hours name the day where it begins, so that none of two days is read as the other's", () => {
    expect([at(25, 12), at(25, 18), at(26), at(26, 6)].map((ms) => formatTime(ms, 6 * HOUR_MS))).toEqual([
      "12:00",
      "18:00",
      "Nov 26",
      "06:00",
    ]);
  });

  it("[U4] of minutes are times of day, midnight among them", () => {
    expect(formatTime(at(26), 1_000)).toBe("00:00:00");
    expect([at(26), at(26, 0, 5)].map((ms) => formatTime(ms, 300_000))).toEqual(["00:00", "00:05"]);
  });

  it("[U4] of months and years name the year", () => {
    expect(formatTime(at(26), 7 * DAY_MS)).toBe("Nov 26");
    expect(formatTime(at(26), 90 * DAY_MS)).toBe("Nov 2026");
    expect(formatTime(at(26), 730 * DAY_MS)).toBe("Nov 2026");
  });

  it("[P8] are the same when they are asked for again, and whatever was asked for between", () => {
    for (let i = 0; i < 1_200; i++) {
      const ms = at(26, 0, i % 700);
      expect(formatTimeTick(ms, 60_000)).toBe(formatTime(ms, 60_000));
      expect(formatTimeTick(ms, 90 * DAY_MS)).toBe("Nov 2026");
    }
  });
});

describe("a point's time", () => {
  it("[U4] has its day where that is not today", () => {
    vi.useFakeTimers({ now: at(26, 12) });
    expect(formatPointTime(at(26, 6, 5))).toBe("06:05:00");
    expect(formatPointTime(at(25, 6, 5))).toBe("Nov 25, 06:05:00");
    vi.useRealTimers();
  });
});
