import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { clockSkew, type Event, futureRejection, parseEvent, REJECTION_REASONS } from "./event.ts";
import { LIMITS } from "./limits.ts";
import type { Result } from "./result.ts";

const NOW_MS = Date.UTC(2026, 10, 1, 12);
const CLOCK = { receivedMs: NOW_MS, skewMs: 0 };

const parse = (raw: unknown, skewMs = 0): Result<Event> => parseEvent(raw, { ...CLOCK, skewMs });
const accepted = (event: Event) => ({ ok: true, value: event });

describe("[I1] the normal form of an event", () => {
  it("[I1] has its fields in one order, and no others", () => {
    const raw = { props: { k: "v" }, value: 1.5, user: "u", id: "i", ts: NOW_MS, name: "e" };
    const parsed = parse(raw);
    expect(parsed.ok && JSON.stringify(parsed.value)).toBe(
      `{"name":"e","ts":${NOW_MS},"id":"i","user":"u","value":1.5,"props":{"k":"v"}}`,
    );
  });

  it("[I1] null is the same as absent", () => {
    const raw = { name: "e", ts: null, id: null, user: null, value: null, props: null, sentAt: null };
    expect(parse(raw)).toEqual(accepted({ name: "e", ts: NOW_MS }));
  });

  it("[I1] whole numbers may name a user or an event", () => {
    expect(parse({ name: "e", id: 7, user: -1 })).toEqual(
      accepted({ name: "e", ts: NOW_MS, id: "7", user: "-1" }),
    );
  });

  it("[I1] props hold strings, numbers, booleans and null", () => {
    const props = { s: "", n: -0.5, t: true, f: false, z: null, constructor: 1, toString: 2 };
    expect(parse({ name: "e", props })).toEqual(accepted({ name: "e", ts: NOW_MS, props }));
  });
});

describe("[I4] the time of an event", () => {
  it("[I4] is the time of arrival where none is given", () => {
    expect(parse({ name: "e" }, 60_000)).toEqual(accepted({ name: "e", ts: NOW_MS }));
  });

  it("[I4] is corrected by the request's clock, or by the event's own", () => {
    expect(parse({ name: "e", ts: NOW_MS - 10 }, 5_000)).toMatchObject({ value: { ts: NOW_MS + 4_990 } });
    const own = { name: "e", ts: NOW_MS - 3_600_010, sentAt: NOW_MS - 3_600_000 };
    expect(parse(own, 5_000)).toMatchObject({ value: { ts: NOW_MS - 10 } });
  });

  it("[I4] is never before 1970, however wrong the clock", () => {
    expect(parse({ name: "e", ts: NOW_MS, sentAt: "9999-12-31" })).toMatchObject({ value: { ts: 0 } });
  });

  it("[I4] a difference of clocks that the way explains is none", () => {
    const { transitMs } = LIMITS;
    const skews = [transitMs, transitMs + 1, -transitMs, -transitMs - 1].map((off) =>
      clockSkew(NOW_MS, NOW_MS - off),
    );
    expect(skews).toEqual([0, transitMs + 1, 0, -transitMs - 1]);
  });

  it("[I4] a sentAt that is none is named", () => {
    expect(parse({ name: "e", ts: NOW_MS, sentAt: "soon" })).toMatchObject({
      reason: "ts",
      message: expect.stringMatching(/^sentAt is "soon"; expected epoch/) as string,
    });
  });

  it("[I4] lies in the future from one millisecond beyond the bound", () => {
    const at = (ts: number) => futureRejection({ name: "e", ts }, NOW_MS, 5_000);
    expect(at(NOW_MS + 5_000)).toBeUndefined();
    expect(at(NOW_MS + 5_001)).toEqual({
      reason: "future",
      message: "ts lies 5001 ms in the future; the bound is 5000 ms",
    });
  });
});

describe("[I5] an event that is refused", () => {
  const props = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, i]));
  const BOUND = "expected a non-empty string of at most 128 bytes";

  it.each<[unknown, string, string]>([
    ["e", "not_object", 'the event is "e"; expected an object'],
    [[{ name: "e" }], "not_object", "the event is an array; expected an object"],
    [{ name: "e", extra: 1 }, "unknown_field", 'unknown field "extra"; own fields go into props'],
    [{}, "name", `name is nothing; ${BOUND}`],
    [{ name: "" }, "name", `name is ""; ${BOUND}`],
    [{ name: 5 }, "name", `name is 5; ${BOUND}`],
    [{ name: "é".repeat(65) }, "name", "name has 130 bytes; the bound is 128"],
    [{ name: "\ud800" }, "name", "name holds a lone surrogate; expected well-formed Unicode"],
    [{ name: "e", ts: "soon" }, "ts", 'ts is "soon"; expected epoch'],
    [{ name: "e", ts: Infinity }, "ts", "ts is Infinity; expected epoch"],
    [{ name: "e", id: "" }, "id", `id is ""; ${BOUND}`],
    [{ name: "e", id: {} }, "id", `id is an object; ${BOUND}`],
    [{ name: "e", id: "i".repeat(129) }, "id", "id has 129 bytes; the bound is 128"],
    [
      { name: "e", id: 2 ** 53 },
      "id",
      "id is 9007199254740992, which is no whole number of at most 2^53 - 1",
    ],
    [{ name: "e", id: Infinity }, "id", "id is Infinity, which is no whole number"],
    [{ name: "e", user: 0.1 }, "user", "user is 0.1, which is no whole number"],
    [{ name: "e", user: "😀".repeat(257) }, "user", "user has 1028 bytes; the bound is 1024"],
    [{ name: "e", user: true }, "user", "user is true; expected a non-empty string of at most 1024 bytes"],
    [{ name: "e", value: "1" }, "value", 'value is "1"; expected a finite number'],
    [{ name: "e", value: Infinity }, "value", "value is Infinity; expected a finite number"],
    [{ name: "e", props: [] }, "props", "props is an array; expected an object"],
    [{ name: "e", props: "k=v" }, "props", 'props is "k=v"; expected an object'],
    [{ name: "e", props: props(65) }, "props", "props has 65 entries; the bound is 64"],
    [{ name: "e", props: { "": 1 } }, "props", "props holds an empty key"],
    [{ name: "e", props: { ["é".repeat(65)]: 1 } }, "props", "has 130 bytes; the bound is 128"],
    [{ name: "e", props: { "\udc00": 1 } }, "props", "a prop key holds a lone surrogate"],
    [
      { name: "e", props: { k: "v".repeat(1_025) } },
      "props",
      "the prop 'k' has 1025 bytes; the bound is 1024",
    ],
    [{ name: "e", props: { k: "\ud800" } }, "props", "the prop 'k' holds a lone surrogate"],
    [
      { name: "e", props: { k: [] } },
      "props",
      "the prop 'k' is an array; expected a string, a finite number",
    ],
    [{ name: "e", props: { k: -Infinity } }, "props", "the prop 'k' is -Infinity; expected"],
  ])("[I5] %j", (raw, reason, message) => {
    const parsed = parse(raw);
    expect(parsed).toMatchObject({ ok: false, reason });
    expect(!parsed.ok && parsed.message).toContain(message);
  });

  it("[I5] at its bounds it is accepted", () => {
    const key = "é".repeat(64);
    const event = {
      name: key,
      ts: NOW_MS,
      id: key,
      user: "😀".repeat(256),
      props: { ...props(63), [key]: "é".repeat(512) },
    };
    expect(parse(event)).toEqual(accepted(event));
  });
});

describe("[I5] any JSON value", () => {
  const scalar = fc.oneof(fc.string({ unit: "binary" }), fc.double(), fc.boolean(), fc.constant(null));
  const rawEvent = fc.record(
    {
      name: fc.oneof(fc.string(), fc.jsonValue()),
      ts: fc.oneof(fc.integer({ min: 1e9, max: 2e12 }), fc.jsonValue()),
      id: fc.oneof(fc.string(), fc.integer(), fc.jsonValue()),
      user: fc.oneof(fc.string(), fc.jsonValue()),
      value: fc.oneof(fc.double(), fc.jsonValue()),
      props: fc.oneof(fc.dictionary(fc.string(), scalar), fc.jsonValue()),
      sentAt: fc.jsonValue(),
    },
    { requiredKeys: [] },
  );

  it("[I5] is an event or a reason of the list with a sentence", () => {
    fc.assert(
      fc.property(fc.oneof(rawEvent, fc.jsonValue()), (raw) => {
        const parsed = parse(raw);
        if (parsed.ok) return;
        expect(REJECTION_REASONS).toContain(parsed.reason);
        expect(parsed.message.length).toBeLessThan(400);
        expect(parsed.message.isWellFormed()).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });

  it("[I1] is in its normal form once it has been through: its line parses back to it", () => {
    fc.assert(
      fc.property(rawEvent, (raw) => {
        const parsed = parse(raw);
        // Milliseconds before March 1973 read as seconds.
        fc.pre(parsed.ok && parsed.value.ts >= 1e11);
        const line = JSON.stringify(parsed.value);
        expect(line).not.toContain("\n");
        const again = parse(JSON.parse(line));
        expect(again.ok && JSON.stringify(again.value)).toBe(line);
      }),
    );
  });
});
