import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LIMITS, utf8Length } from "../../protocol/limits.ts";
import { HttpError } from "../http-error.ts";
import { parseBatch, type ParsedBatch } from "./parse-batch.ts";

const NOW_MS = Date.UTC(2026, 10, 1, 12);

function parse(text: string, { receivedMs = NOW_MS, sentAt }: { receivedMs?: number; sentAt?: string } = {}) {
  const isAscii = utf8Length(text) === text.length;
  return parseBatch(text, { receivedMs, futureLimitMs: 5_000, sentAt, isAscii });
}

function lines(batch: ParsedBatch): string[] {
  return batch.parts.flatMap(({ text }) => (text === "" ? [] : text.split("\n")));
}

function rejectedCount(batch: ParsedBatch): number {
  return Object.values(batch.rejectedByReason).reduce((sum, count) => sum + count, 0);
}

const reasons = (batch: ParsedBatch) => batch.rejected.map(({ index, reason }) => [index, reason]);

describe("[I1] forms of a body", () => {
  const line = `{"name":"e","ts":${NOW_MS}}`;

  it.each([
    ["an event", line, 1],
    ["an event over several lines", '{\n  "name": "e",\n  "ts": 1793534400000\n}', 1],
    ["an array", `[${line},${line}]`, 2],
    ["an array over several lines", `[\n${line},\n${line}\n]\n`, 2],
    ["NDJSON", `${line}\n${line}`, 2],
    ["NDJSON with CRLF and empty lines", `\r\n${line}\r\n\r\n \t\r\n${line}\r\n`, 2],
    ["NDJSON of one line", `${line}\n`, 1],
    ["a wrapper", `{"events":[${line}],"sentAt":null,"batch":null,"more":1}`, 1],
    ["an event behind a byte order mark", `\ufeff${line}`, 1],
  ])("[I1] %s", (_, text, count) => {
    const batch = parse(text);
    expect(batch).toMatchObject({ accepted: count, rejected: [], rejectedByReason: {}, ids: undefined });
    expect(lines(batch)).toEqual(Array.from({ length: count }, () => line));
  });

  it("[I1] an empty list holds nothing", () => {
    expect(parse("[]")).toMatchObject({ accepted: 0, rejected: [] });
    expect(parse('{"events":[]}')).toMatchObject({ accepted: 0, rejected: [] });
  });

  it("[I1] what is broken in NDJSON is named by its place among the lines that hold something", () => {
    const batch = parse(
      `${line}\n\n{"name":\n${line}\nnull\n[${line}]\n${line},\n{"name":"x"}{"name":"y"}\n`,
    );
    expect(batch.accepted).toBe(2);
    expect(reasons(batch)).toEqual([
      [1, "malformed"],
      [3, "not_object"],
      [4, "not_object"],
      [5, "malformed"],
      [6, "malformed"],
    ]);
  });

  it("[I1] lines that only together are JSON are no events", () => {
    const torn = ['{"name":"a"},{"name":"b"', `"ts":${NOW_MS}}`, line].join("\n");
    expect(parse(torn)).toMatchObject({ accepted: 1, rejectedByReason: { malformed: 2 } });
    const inText = ['{"name":"a}', '{b"}', '{"name":"c"},{"name":"d"}', line].join("\n");
    expect(parse(inText)).toMatchObject({ accepted: 1, rejectedByReason: { malformed: 3 } });
  });

  it("[I1] at most 100 rejections are listed, all are counted", () => {
    const batch = parse(JSON.stringify(Array.from({ length: 250 }, (_, i) => (i === 0 ? { name: "e" } : i))));
    expect(batch.rejected).toHaveLength(100);
    expect(batch.rejectedByReason).toEqual({ not_object: 249 });
  });
});

describe("[I3] the batch's identity", () => {
  it("[I3] the wrapper's batch", () => {
    expect(parse('{"events":[{"name":"e"}],"batch":"b1"}').batchId).toBe("b1");
    expect(() => parse('{"events":[{"name":"e"}],"batch":7}')).toThrow(
      new HttpError(400, "idempotency_key", "batch is 7; expected a string"),
    );
  });

  it("[I3] the events' ids, if all have one", () => {
    expect(parse('[{"name":"e","id":"a"},{"name":"e","id":2}]').ids).toEqual(["a", "2"]);
    expect(parse('[{"name":"e","id":"a"},{"name":"e"}]').ids).toBeUndefined();
  });

  it("[I3] is the same when a retry finds that an event has come of age", () => {
    const text = JSON.stringify([
      { name: "e", id: "a" },
      { name: "e", id: "b", ts: NOW_MS + 6_000 },
    ]);
    const [first, retry] = [parse(text), parse(text, { receivedMs: NOW_MS + 2_000 })];
    expect([first.accepted, retry.accepted]).toEqual([1, 2]);
    expect(first.ids).toEqual(["a", "b"]);
    expect(retry.ids).toEqual(first.ids);
  });
});

describe("[I4] the request's clock", () => {
  const event = JSON.stringify({ name: "e", ts: NOW_MS });

  it("[I4] corrects every ts; the wrapper's goes before the header's", () => {
    const hourAgo = String(NOW_MS - 3_600_000);
    expect(lines(parse(event, { receivedMs: NOW_MS + 3_600_000, sentAt: String(NOW_MS) }))).toEqual([
      `{"name":"e","ts":${NOW_MS + 3_600_000}}`,
    ]);
    const wrapped = parse(`{"events":[{"name":"e","ts":${hourAgo}}],"sentAt":${hourAgo}}`, {
      sentAt: String(NOW_MS),
    });
    expect(lines(wrapped)).toEqual([`{"name":"e","ts":${NOW_MS}}`]);
  });

  it("[I4] that cannot be read refuses the request", () => {
    expect(() => parse(event, { sentAt: "noon" })).toThrow(
      expect.objectContaining({
        status: 400,
        code: "sent_at",
        message: expect.stringContaining('sentAt is "noon"') as string,
      }),
    );
  });

  it("[I4] rejects what is in the future after the correction", () => {
    const text = JSON.stringify([
      { name: "e", ts: NOW_MS + 60_000 },
      { name: "e", ts: NOW_MS },
    ]);
    const fast = parse(text, { sentAt: String(NOW_MS + 60_000) });
    expect(fast.accepted).toBe(2);
    const right = parse(text);
    expect(right.rejected).toEqual([
      { index: 0, reason: "future", message: "ts lies 60000 ms in the future; the bound is 5000 ms" },
    ]);
  });
});

describe("[I5] parts", () => {
  const many = (count: number, value: string) =>
    JSON.stringify(Array.from({ length: count }, () => ({ name: "e", ts: NOW_MS, props: { a: value } })));

  it.each([
    ["ASCII", many(3_000, "x".repeat(1_000))],
    ["two bytes a character", many(3_000, "é".repeat(500))],
    ["three bytes a character", many(3_000, "語".repeat(340))],
    ["four bytes a character", many(3_000, "😀".repeat(255))],
    [
      "escaped: ASCII as it comes, three bytes a character as it is kept",
      many(2_300, "語".repeat(340)).replaceAll("語", "\\u8a9e"),
    ],
    ["escapes that stay escapes", many(700, "\u0001".repeat(1_000))],
  ])("[I5] each fits a record: %s", (_, text) => {
    const batch = parse(text);
    expect(batch.parts.length).toBeGreaterThan(1);
    for (const part of batch.parts) {
      expect(utf8Length(part.text)).toBeLessThanOrEqual(LIMITS.recordBytes);
      expect(part.text.split("\n")).toHaveLength(part.count);
    }
    expect(batch.parts.reduce((sum, { count }) => sum + count, 0)).toBe(batch.accepted);
  });

  it("[I5] the largest event there can be fits one", () => {
    const control = (bytes: number, i: number) => `${i}`.padEnd(bytes, "\u0001");
    const props = Object.fromEntries(
      Array.from({ length: 64 }, (_, i) => [control(128, i), control(1_024, i)]),
    );
    const batch = parse(
      JSON.stringify({ name: control(128, 0), id: control(128, 0), user: control(1_024, 0), props }),
    );
    expect(batch.accepted).toBe(1);
    expect(utf8Length(batch.parts[0]?.text ?? "")).toBeLessThan(LIMITS.recordBytes);
  });

  it("[I3] are the same whatever the clock says", () => {
    // 9,999 s is a ts of seven digits, and of thirteen once it is corrected.
    const tsOf = fc.constantFrom(undefined, 9_999, NOW_MS - 10, NOW_MS + 4_000, NOW_MS + 40_000);
    const shape = fc.record({ ts: tsOf, length: fc.constantFrom(10, 900, 1_020) });
    const clock = fc.record({
      receivedMs: fc.integer({ min: 1e12, max: 9e12 }),
      sentAt: fc.constantFrom(undefined, "0", String(NOW_MS)),
    });
    fc.assert(
      fc.property(fc.array(shape, { minLength: 1, maxLength: 8 }), clock, clock, (shapes, a, b) => {
        const events = Array.from({ length: 1_600 }, (_, i) => {
          const { ts, length } = shapes[i % shapes.length] ?? { ts: undefined, length: 1 };
          return { name: "e", id: String(i), ts, props: { p: "x".repeat(length) } };
        });
        const text = JSON.stringify(events);
        const [one, other] = [a, b].map(({ receivedMs, sentAt }) =>
          idsByPart(parse(text, { receivedMs, ...(sentAt ? { sentAt } : {}) })),
        );
        for (const [id, part] of one ?? []) expect(other?.get(id) ?? part).toBe(part);
      }),
      { numRuns: 30 },
    );
  });

  function idsByPart(batch: ParsedBatch): Map<string, number> {
    const parts = new Map<string, number>();
    for (const [index, { text }] of batch.parts.entries()) {
      for (const line of text === "" ? [] : text.split("\n"))
        parts.set((JSON.parse(line) as { id: string }).id, index);
    }
    return parts;
  }
});

describe("[I5] any body", () => {
  const good = fc.record({
    name: fc.string({ minLength: 1, maxLength: 8 }),
    id: fc.option(fc.integer(), { nil: undefined }),
  });
  const event = fc.oneof(good, fc.jsonValue());

  function check(text: string, count: number): void {
    const batch = parse(text);
    expect(batch.accepted + rejectedCount(batch)).toBe(count);
    expect(batch.rejected.length).toBe(Math.min(100, rejectedCount(batch)));
    expect(lines(batch)).toHaveLength(batch.accepted);
    for (const line of lines(batch)) expect(JSON.stringify(JSON.parse(line))).toBe(line);
  }

  it("[I1] every event of it is accepted or rejected, as an array and as NDJSON", () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 20 }), (events) => {
        check(JSON.stringify(events), events.length);
        check(JSON.stringify({ events }), events.length);
        if (events.length > 1) check(events.map((one) => JSON.stringify(one)).join("\r\n"), events.length);
      }),
      { numRuns: 500 },
    );
  });

  it("[I1] NDJSON and an array of the same events come to the same lines", () => {
    fc.assert(
      fc.property(fc.array(event, { minLength: 2, maxLength: 20 }), (events) => {
        const array = parse(JSON.stringify(events));
        expect(parse(events.map((one) => JSON.stringify(one)).join("\n"))).toEqual(array);
      }),
    );
  });

  it("[I5] any text is taken, or refused with an HttpError of 4xx", () => {
    const piece = fc.constantFrom(
      '{"name":"e"}',
      "{",
      "}",
      "[",
      "]",
      ",",
      "\n",
      "\r\n",
      '"',
      ":",
      "\0",
      "\ufeff",
      "null",
      "1e400",
      "NaN",
      "//",
      " ",
    );
    const pieces = fc.array(piece, { maxLength: 12 }).map((all) => all.join(""));
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: "binary" }), pieces), (text) => {
        try {
          const batch = parse(text);
          expect(lines(batch)).toHaveLength(batch.accepted);
        } catch (error) {
          expect(error).toBeInstanceOf(HttpError);
          expect((error as HttpError).status).toBe(400);
        }
      }),
      { numRuns: 5_000 },
    );
  });
});
