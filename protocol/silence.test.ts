import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LIMITS } from "./limits.ts";
import { parseSilence } from "./silence.ts";

const NOW_MS = 1_700_000_000_000;
const SILENCE = { alert: "many", for: "2h", comment: "deploy" };

describe("[A1] a silence as it is asked for", () => {
  it.each([
    [SILENCE, NOW_MS + 7_200_000],
    [{ ...SILENCE, for: undefined, until: NOW_MS + 5 }, NOW_MS + 5],
    [{ ...SILENCE, for: undefined, until: new Date(NOW_MS + 60_000).toISOString() }, NOW_MS + 60_000],
    [{ ...SILENCE, for: "90d" }, NOW_MS + LIMITS.silenceMs],
  ])("[A1] %j ends when it says", (raw, untilMs) => {
    expect(parseSilence(raw, NOW_MS)).toEqual({
      ok: true,
      value: { alert: "many", comment: "deploy", untilMs },
    });
  });

  it.each<[string, object, RegExp]>([
    ["alert", { alert: 7 }, /^alert is 7; expected the name of an alert$/],
    ["for", { for: "soon" }, /^for is "soon"; expected a duration such as '2h', at most 90d$/],
    ["for", { for: "0s" }, /^for is "0s"/],
    ["for", { for: "91d" }, /^for is "91d"; .*at most 90d$/],
    ["neither", { for: undefined }, /^neither until nor for is given; expected one$/],
    ["both", { until: NOW_MS + 1 }, /^both until and for are given; expected one$/],
    [
      "until",
      { for: undefined, until: "tomorrow" },
      /^until is "tomorrow"; expected epoch milliseconds or ISO 8601$/,
    ],
    [
      "until",
      { for: undefined, until: NOW_MS },
      /^until is 1700000000000, which is over; it is 1700000000000 now$/,
    ],
    [
      "until",
      { for: undefined, until: NOW_MS + LIMITS.silenceMs + 1 },
      /more than 90d from now, which is the bound$/,
    ],
    ["comment", { comment: " " }, /^comment is " "; expected why the alert is silenced$/],
    ["comment", { comment: undefined }, /^comment is nothing; expected why/],
    ["comment", { comment: "x".repeat(501) }, /^comment has 501 characters; the bound is 500$/],
    ["groups", { groups: [] }, /^groups is empty; expected a list of objects/],
    ["groups", { groups: [{ a: "b" }, {}] }, /^groups\[1\] names no key; leave groups out to silence all$/],
    [
      "groups",
      { groups: Array.from({ length: LIMITS.alertMatchers + 1 }, () => ({ a: "b" })) },
      /^groups has 33 entries; the bound is 32$/,
    ],
    ["groups", { groups: [{ a: "ü".repeat(2_100) }] }, /^groups has 4210 bytes of JSON; the bound is 4096$/],
    ["unknown", { until_ms: 1 }, /^unknown field "until_ms"; expected alert, groups, until, for, comment$/],
  ])("[A1] names the field that is wrong, its value and its bound: %s", (_, fields, message) => {
    const parsed = parseSilence({ ...SILENCE, ...fields }, NOW_MS);
    expect(parsed.ok ? "" : parsed.message).toMatch(message);
  });

  it("[A1] of any JSON is a silence or a message", () => {
    const hostile = fc.record({
      alert: fc.jsonValue(),
      groups: fc.jsonValue(),
      until: fc.jsonValue(),
      comment: fc.jsonValue(),
    });
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), hostile), (raw) => {
        const parsed = parseSilence(raw, NOW_MS);
        expect(parsed.ok || parsed.message.length > 0).toBe(true);
      }),
    );
  });
});
