import { describe, expect, it } from "vitest";
import { formatTime } from "./time-axis.ts";

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
});
