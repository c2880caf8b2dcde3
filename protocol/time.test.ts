import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hostileValues } from "../test/helpers/hostile-json.ts";
import { parseDuration, parseInstant, parseTimestamp } from "./time.ts";

const NOON_MS = Date.UTC(2026, 10, 1, 12);

describe("[I4] timestamps", () => {
  it.each([
    ["epoch seconds", NOON_MS / 1e3],
    ["epoch seconds with a fraction", NOON_MS / 1e3 + 0.0004],
    ["epoch milliseconds", NOON_MS],
    ["epoch milliseconds with a fraction", NOON_MS + 0.9],
    ["epoch microseconds", NOON_MS * 1e3],
    ["epoch nanoseconds", NOON_MS * 1e6],
    ["seconds as text", `${NOON_MS / 1e3}`],
    ["seconds with a fraction as text", `${NOON_MS / 1e3}.0004`],
    ["nanoseconds as text", `${NOON_MS}999999`],
    ["ISO 8601", "2026-11-01T12:00:00Z"],
    ["ISO 8601 without seconds", "2026-11-01T12:00Z"],
    ["ISO 8601 with nanoseconds", "2026-11-01T12:00:00.000999999Z"],
    ["ISO 8601 without a zone is UTC", "2026-11-01T12:00:00"],
    ["ISO 8601 with a blank", "2026-11-01 12:00:00Z"],
    ["ISO 8601 in small letters", "2026-11-01t12:00:00z"],
    ["ISO 8601 east of Greenwich", "2026-11-01T17:30:00+05:30"],
    ["ISO 8601 west of Greenwich, no colon", "2026-11-01T04:00:00-0800"],
  ])("[I4] %s", (_, raw) => {
    expect(parseTimestamp(raw)).toEqual({ ok: true, value: NOON_MS });
  });

  it("[I4] a date alone is its midnight in UTC; 29 February is there in leap years", () => {
    expect(parseTimestamp("2026-11-01")).toEqual({ ok: true, value: Date.UTC(2026, 10, 1) });
    expect(parseTimestamp("2028-02-29")).toEqual({ ok: true, value: Date.UTC(2028, 1, 29) });
  });

  it.each([
    -1,
    Infinity,
    Number.NaN,
    1e30,
    253_402_300_800_000 * 1e6,
    true,
    null,
    undefined,
    {},
    [],
    [NOON_MS],
    "",
    " ",
    "now",
    "1e5",
    "-5",
    "0x10",
    "Infinity",
    "9".repeat(20),
    "12:00",
    "1 November 2026",
    "2026-11",
    "2026-13-01",
    "2026-00-01",
    "2026-11-00",
    "2026-11-31",
    "2026-02-29",
    "2026-02-30T00:00:00Z",
    "2026-11-01T25:00:00Z",
    "2026-11-01T12:60:00Z",
    "2026-11-01T12:00:00+99:99",
    "1969-12-31T23:59:59Z",
    "2026-11-01T12:00:00Z\n",
    "2026-11-01T12:00:00Z; DROP TABLE events",
    "２０２６-11-01",
  ])("[I4] %j is none, and the message says what was expected", (raw) => {
    const parsed = parseTimestamp(raw);
    expect(parsed).toMatchObject({ ok: false, reason: "ts" });
    expect(!parsed.ok && parsed.message).toMatch(
      /^ts is .+; expected epoch seconds, milliseconds or nanoseconds/,
    );
  });

  it("[I4] any moment reads alike in every unit and form", () => {
    fc.assert(
      // From 2001 on the units can be told apart.
      fc.property(fc.integer({ min: 1e12, max: 4e12 }), (ms) => {
        const wanted = { ok: true, value: ms };
        for (const raw of [
          ms,
          String(ms),
          `${ms}000`,
          `${ms}000000`,
          `${ms}999999`,
          new Date(ms).toISOString(),
        ]) {
          expect(parseTimestamp(raw)).toEqual(wanted);
        }
        expect(parseTimestamp(ms * 1e6)).toEqual(wanted);
        expect(parseTimestamp(ms / 1e3)).toEqual(wanted);
        expect(parseTimestamp((ms / 1e3).toFixed(3))).toEqual(wanted);
        expect(parseTimestamp(Math.floor(ms / 1e3))).toEqual({ ok: true, value: ms - (ms % 1e3) });
      }),
    );
  });

  it("[I4] whatever JSON holds is whole milliseconds up to the year 9999, or refused", () => {
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), fc.double(), fc.date().map(String), fc.string()), (raw) => {
        const parsed = parseTimestamp(raw);
        if (parsed.ok)
          expect(Number.isInteger(parsed.value) && parsed.value >= 0 && parsed.value < 2.6e14).toBe(true);
      }),
    );
    for (const [, value] of hostileValues()) expect(() => parseTimestamp(value)).not.toThrow();
  });
});

describe("[M1] durations", () => {
  it.each([
    ["0s", 0],
    ["100ms", 100],
    ["1s", 1e3],
    ["1.5s", 1_500],
    ["1.001s", 1_001],
    ["5m", 3e5],
    ["2h", 7.2e6],
    ["1d", 8.64e7],
    ["1w", 6.048e8],
  ])("[M1] %s is %i ms", (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  it.each([
    "",
    "1",
    "s",
    "1 s",
    "-1s",
    "+1s",
    "1S",
    "1min",
    "1e3s",
    ".5s",
    "0.5ms",
    "1s1s",
    "1s\n",
    "999999999999w",
    1,
    null,
  ])("[M1] %j is none", (text) => {
    expect(parseDuration(text)).toBeUndefined();
  });

  it("[M1] thousandths of a second are exact", () => {
    fc.assert(
      fc.property(fc.nat({ max: 99_999_999 }), (ms) => {
        expect(parseDuration(`${Math.floor(ms / 1e3)}.${String(ms % 1e3).padStart(3, "0")}s`)).toBe(ms);
      }),
    );
  });
});

describe("[S2] bounds of a query", () => {
  it.each([
    ["now", NOON_MS],
    ["now-15m", NOON_MS - 9e5],
    ["now-1.5h", NOON_MS - 5.4e6],
    [" now - 1h ", NOON_MS - 3.6e6],
    ["2026-11-01", Date.UTC(2026, 10, 1)],
    [String(NOON_MS), NOON_MS],
  ])("[S2] %s", (text, ms) => {
    expect(parseInstant(text, NOON_MS)).toEqual({ ok: true, value: ms });
  });

  it.each(["now-", "now-5", "now-1y", "now+1h", "now-999999999999w", "yesterday", "", "-1"])(
    "[S2] %j is none",
    (text) => {
      expect(parseInstant(text, NOON_MS).ok).toBe(false);
    },
  );
});
