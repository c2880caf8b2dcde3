import { expect, it } from "vitest";
import { dayTime } from "./event-text.ts";

it("[U10] a time of another day has its date", () => {
  const now = new Date(2026, 10, 26, 0, 5).getTime();
  expect(dayTime(now - 60_000, now)).toBe("00:04:00.000");
  expect(dayTime(now - 600_000, now)).toBe("2026-11-25 23:55:00.000");
  expect(dayTime(new Date(2025, 10, 26, 0, 5).getTime(), now)).toBe("2025-11-26 00:05:00.000");
});
