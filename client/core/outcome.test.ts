import { expect, test } from "vitest";
import { readOutcome, retryAfterMs } from "./outcome.ts";

const NOW = Date.parse("2026-11-01T12:00:00Z");

test.each([408, 425, 429, 500, 502, 503, 504])("[I8] %i is worth another try", (status) => {
  expect(readOutcome(status, null, "", 3, NOW)).toEqual({ retryInMs: 0 });
});

test.each([400, 401, 403, 404, 413])("[I8] %i is final: nothing was accepted", (status) => {
  expect(readOutcome(status, "1", '{"accepted":2}', 3, NOW)).toEqual({ accepted: 0 });
});

test("[I8] a partial answer counts what was accepted", () => {
  expect(readOutcome(202, null, '{"accepted":2,"rejected":[{"index":1}]}', 3, NOW)).toEqual({ accepted: 2 });
  expect(readOutcome(202, null, '{"accepted":9}', 3, NOW)).toEqual({ accepted: 3 });
});

test.each(["", "<html>", "null", "[]", "7"])(
  "[I8] a success with the body '%s' accepted everything",
  (body) => {
    expect(readOutcome(202, null, body, 3, NOW)).toEqual({ accepted: 3 });
  },
);

test.each([
  [null, 0],
  ["", 0],
  ["0", 0],
  ["2", 2_000],
  ["1.5", 1_500],
  ["-3", 0],
  ["soon", 0],
  ["Sun, 01 Nov 2026 12:00:05 GMT", 5_000],
  ["Sun, 01 Nov 2026 11:00:00 GMT", 0],
])("[I8] Retry-After '%s' is %i ms", (header, ms) => {
  expect(retryAfterMs(header, NOW)).toBe(ms);
});
