import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cpuMsOf } from "../test/helpers/cpu-time.ts";
import { HOSTILE_JSON, isPolluted } from "../test/helpers/hostile-json.ts";
import { parseClientMessage } from "./live.ts";

const SUBSCRIBE = { type: "subscribe", id: "s1", metric: "clicks" };

const parse = (change: object = {}) => parseClientMessage(JSON.stringify({ ...SUBSCRIBE, ...change }));

describe("[L2] what a client may say", () => {
  it("[L2] subscribe, in full and in short", () => {
    const full = { ...SUBSCRIBE, range: "1h", groups: [{ campaign: "a" }, {}], cursor: "7.12", maxRate: 0.5 };
    expect(parse(full)).toEqual({ ok: true, value: full });
    expect(parse({ range: null, groups: null, cursor: null, maxRate: null })).toEqual({
      ok: true,
      value: { ...SUBSCRIBE, range: "15m" },
    });
  });

  it("[L2] unsubscribe", () => {
    const message = { type: "unsubscribe", id: "s1" };
    expect(parseClientMessage(JSON.stringify({ ...message, junk: 1 }))).toEqual({ ok: true, value: message });
  });

  it.each<[object, string]>([
    [{ type: "publish" }, "type is \"publish\"; expected 'subscribe', 'unsubscribe', 'ack' or 'ping'"],
    [{ type: undefined }, "type is nothing; expected 'subscribe', 'unsubscribe', 'ack' or 'ping'"],
    [{ id: "" }, 'id is ""; expected a string of 1 to 128 characters'],
    [{ id: 1 }, "id is 1; expected a string of 1 to 128 characters"],
    [{ id: "i".repeat(129) }, "expected a string of 1 to 128 characters"],
    [{ type: "unsubscribe", id: null }, "id is null; expected a string of 1 to 128 characters"],
    [{ metric: undefined }, "metric is nothing; expected a metric's name"],
    [{ range: "long" }, "range is \"long\"; expected a duration such as '15m'"],
    [{ range: 900 }, "range is 900; expected a duration"],
    [{ groups: { campaign: "a" } }, "groups is an object; expected a list of objects"],
    [{ groups: ["a"] }, 'groups[0] is "a"; expected an object such as {"campaign":"a"}'],
    [{ groups: [{ campaign: "a" }, { campaign: 1 }] }, "groups[1].campaign is 1; expected a string"],
    [{ cursor: 12 }, "cursor is 12; expected a string"],
    [{ maxRate: 0 }, "maxRate is 0; expected frames a second, at least 0.1"],
    [{ maxRate: "4" }, 'maxRate is "4"; expected frames a second'],
  ])("[L2] %j is answered with what was expected", (change, message) => {
    const parsed = parse(change);
    expect(parsed).toMatchObject({ ok: false, reason: "bad_message" });
    expect(!parsed.ok && parsed.message).toContain(message);
    // Whoever asked is told, where it can be read who that was.
    const isSubscribe = !("type" in change) && !("id" in change);
    expect(parsed.id).toBe(isSubscribe ? "s1" : undefined);
  });

  it.each([
    ["", "the message is not JSON"],
    ["ping", "the message is not JSON"],
    ["{}}", "the message is not JSON"],
    ["\ufeff{}", "the message is not JSON"],
    ['{"type":"subscribe","id":"s1","metric":"m","maxRate":NaN}', "the message is not JSON"],
    ["[]", "the message is an array; expected an object"],
    [
      '{"type":"subscribe","id":"s1","metric":"m","maxRate":1e400}',
      "maxRate is Infinity; expected frames a second",
    ],
  ])("[L2] %j: %s", (text, message) => {
    const parsed = parseClientMessage(text);
    expect(parsed).toMatchObject({ ok: false, reason: "bad_message" });
    expect(!parsed.ok && parsed.message).toContain(message);
  });

  it("[L2] at most 8 KiB, in bytes", () => {
    const bytes = (count: number) => `"${"é".repeat((count - 2) / 2)}"`;
    expect(parseClientMessage(bytes(8_192))).toMatchObject({ reason: "bad_message" });
    expect(parseClientMessage(bytes(8_194))).toEqual({
      ok: false,
      reason: "too_large",
      message: "the message has 8194 bytes; the bound is 8192",
    });
  });
});

describe("[L2] a subscription that is too large", () => {
  const large = (message: object) => JSON.stringify({ ...message, groups: [{ a: "x".repeat(9_000) }] });

  it("[L2] is named with its metric, its size and the bound, and ends", () => {
    expect(parseClientMessage(large(SUBSCRIBE))).toEqual({
      ok: false,
      reason: "too_large",
      message: 'the subscription to "clicks" has 9068 bytes; the bound is 8192',
      id: "s1",
    });
    // In any order, as far as what says so comes first.
    const turned = { range: "15m", metric: 'a "b" é', id: "é\n", type: "subscribe" };
    expect(parseClientMessage(` ${large(turned)}`)).toMatchObject({
      id: "é\n",
      message: expect.stringMatching(/^the subscription to "a \\"b\\" é" has \d+ bytes/),
    });
  });

  it.each([
    ["what it is comes last", `{"groups":[{"a":"${"x".repeat(9_000)}"}],"type":"subscribe","id":"s1"}`],
    ["it is of no known type", large({ type: "publish", id: "s1", metric: "m" })],
    ["its id is no text", large({ type: "subscribe", id: 7, metric: "m" })],
    ["its id is too long", large({ type: "subscribe", id: "i".repeat(129), metric: "m" })],
    ["its id is cut off", `{"type":"subscribe","id":"${"s".repeat(9_000)}`],
    ["it is no JSON", `{"type":"subscribe","id":"\\x","metric":"m"${" ".repeat(9_000)}`],
  ])("[L2] is not named where %s", (_, text) => {
    const parsed = parseClientMessage(text);
    expect(parsed).toMatchObject({ ok: false, reason: "too_large" });
    expect(parsed.id).toBeUndefined();
    expect(!parsed.ok && parsed.message).toMatch(/^the message has \d+ bytes; the bound is 8192$/);
  });

  it("[L2] is read in a time that its size bounds, whatever it holds", () => {
    const text = `{${'"a":"\\\\'.repeat(200_000)}`;
    const takesMs = cpuMsOf(() => expect(parseClientMessage(text)).toMatchObject({ reason: "too_large" }));
    expect(takesMs).toBeLessThan(500);
  });
});

describe("[L2] hostile messages", () => {
  it.each(HOSTILE_JSON)("[L2] %s, whole or as a field, throws nothing", (_, text) => {
    expect(parseClientMessage(text).ok).toBe(false);
    for (const field of ["type", "id", "metric", "range", "groups", "cursor", "maxRate"]) {
      const parsed = parseClientMessage(`${JSON.stringify(SUBSCRIBE).slice(0, -1)},"${field}":${text}}`);
      if (!parsed.ok) expect(parsed.message.length).toBeLessThan(300);
    }
    expect(isPolluted()).toBe(false);
  });

  it("[L2] any text is a message or a reason", () => {
    const change = fc.dictionary(
      fc.constantFrom("id", "metric", "range", "groups", "cursor", "maxRate"),
      fc.jsonValue(),
    );
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), change, (text, fields) => {
        expect(typeof parseClientMessage(text).ok).toBe("boolean");
        expect(typeof parse(fields).ok).toBe("boolean");
      }),
    );
  });
});
