import { describe, expect, it } from "vitest";
import {
  durationText,
  isRangeUnreadable,
  movedRange,
  RANGE_CHOICES,
  rangeInSearch,
  scaledRange,
  searchWithRange,
  type TimeRange,
} from "./time-range.ts";
import { parseDuration } from "../../protocol/time.ts";

const NOW = Date.UTC(2026, 10, 25, 12);

describe("the range in an address", () => {
  it.each<[string, TimeRange | undefined]>([
    ["?from=now-15m", { lastMs: 900_000 }],
    ["?from=now-1h&to=now", { lastMs: 3_600_000 }],
    ["?from=now-1.5h", { lastMs: 5_400_000 }],
    ["?from=now-1y&to=now", { lastMs: 365 * 86_400_000 }],
    ["?from=now-2y&to=now-1y", { fromMs: NOW - 730 * 86_400_000, toMs: NOW - 365 * 86_400_000 }],
    ["?from=now-2h&to=now-1h", { fromMs: NOW - 7_200_000, toMs: NOW - 3_600_000 }],
    [
      "?from=2026-11-25T10:00:00Z&to=2026-11-25T11:00:00Z",
      { fromMs: NOW - 7_200_000, toMs: NOW - 3_600_000 },
    ],
    [`?from=${NOW - 5_000}&to=${NOW}`, { fromMs: NOW - 5_000, toMs: NOW }],
    ["", undefined],
    ["?to=now", undefined],
    ["?from=yesterday", undefined],
    ["?from=now-10ms", undefined],
    ["?from=2026-11-25T11:00:00Z&to=2026-11-25T10:00:00Z", undefined],
    ["?from=now-1x&to=now-1h", undefined],
    ["?from=2027-01-01T00:00:00Z&to=2028-01-01T00:00:00Z", undefined],
    ["?from=1950-01-01T00:00:00Z&to=1960-01-01T00:00:00Z", undefined],
    [
      "?from=2026-11-25T11:00:00Z&to=2028-01-01T00:00:00Z",
      { fromMs: NOW - 3_600_000, toMs: Date.UTC(2028, 0) },
    ],
  ])("[U4] %s", (search, range) => {
    expect(rangeInSearch(search, NOW)).toEqual(range);
  });

  it.each([
    ["", false],
    ["?kiosk=1", false],
    ["?from=now-15m", false],
    ["?from=now-1y&to=now", false],
    ["?from=xyz", true],
    ["?from=", true],
    ["?to=2026-11-25T10:00:00Z", true],
    ["?from=2026-11-25T11:00:00Z&to=2026-11-25T10:00:00Z", true],
    ["?from=now-10ms", true],
  ])("[U4] that cannot be shown is told from none: %s", (search, unreadable) => {
    expect(isRangeUnreadable(search, NOW)).toBe(unreadable);
  });

  it("[U4] comes out as it went in, beside what else is there", () => {
    for (const range of [{ lastMs: 90_000 }, { fromMs: NOW - 1_234, toMs: NOW }, undefined]) {
      const search = searchWithRange("?kiosk=1&from=now-5m", range);
      expect(search).toContain("kiosk=1");
      expect(rangeInSearch(search, NOW)).toEqual(range);
    }
    expect(searchWithRange("?from=now-5m", undefined)).toBe("");
  });

  it("[U4] every choice of the picker is a duration, written as the protocol writes it", () => {
    for (const text of RANGE_CHOICES) {
      expect(parseDuration(durationText(parseDuration(text) ?? 0))).toBe(parseDuration(text));
    }
  });
});

describe("moving a range", () => {
  it("[U2] pans by a share, and zooms around a time down to a second", () => {
    const range = { fromMs: 10_000, toMs: 20_000 };
    expect(movedRange(range, -0.5)).toEqual({ fromMs: 5_000, toMs: 15_000 });
    expect(scaledRange(range, 2, 15_000)).toEqual({ fromMs: 5_000, toMs: 25_000 });
    expect(scaledRange(range, 0.5, 10_000)).toEqual({ fromMs: 10_000, toMs: 15_000 });
    expect(scaledRange(range, 0.001, 20_000)).toEqual({ fromMs: 19_000, toMs: 20_000 });
  });
});
