import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { LogRecord } from "./event-log.ts";
import { decodeSegment, encodeSegments } from "./segment.ts";

const record: fc.Arbitrary<LogRecord> = fc.record({
  key: fc.string({ unit: "grapheme", maxLength: 128 }),
  headers: fc.record({
    project: fc.string({ unit: "grapheme", maxLength: 20 }),
    count: fc.nat(),
    receivedAtMs: fc.nat({ max: Number.MAX_SAFE_INTEGER }),
    schemaVersion: fc.nat(),
  }),
  value: fc.uint8Array({ maxLength: 300 }),
});

function decodeAll(segments: { count: number; body: Uint8Array }[], firstOffset = 0) {
  let offset = firstOffset;
  return segments.flatMap((segment) => {
    const decoded = decodeSegment({ ...segment, firstOffset: offset });
    expect(decoded).toHaveLength(segment.count);
    offset += segment.count;
    return decoded;
  });
}

describe("[I2] segments of the embedded log", () => {
  it("[I2] give back the records that went in, in their order, with ascending offsets", () => {
    fc.assert(
      fc.property(
        fc.array(record, { maxLength: 30 }),
        fc.integer({ min: 1, max: 2_000 }),
        fc.nat(),
        (records, maxBytes, first) => {
          const decoded = decodeAll(encodeSegments(records, maxBytes), first);
          expect(decoded).toEqual(records.map((one, i) => ({ ...one, offset: first + i })));
        },
      ),
    );
  });

  it("[I2] keep to their bound, but for a record that is larger by itself", () => {
    fc.assert(
      fc.property(
        fc.array(record, { maxLength: 30 }),
        fc.integer({ min: 1, max: 2_000 }),
        (records, maxBytes) => {
          for (const { count, body } of encodeSegments(records, maxBytes)) {
            if (body.length > maxBytes) expect(count).toBe(1);
          }
        },
      ),
    );
  });

  it("[I2] are as few as can be for records in their order", () => {
    const records = Array.from({ length: 10 }, (_, i): LogRecord => ({
      key: String(i),
      headers: { project: "p", count: 1, receivedAtMs: 1, schemaVersion: 1 },
      value: new Uint8Array(100),
    }));
    const [whole] = encodeSegments(records, 1e6);
    const frame = (whole?.body.length ?? 0) / 10;
    expect(encodeSegments(records, frame * 4).map(({ count }) => count)).toEqual([4, 4, 2]);
    expect(encodeSegments(records, frame * 4 - 1).map(({ count }) => count)).toEqual([3, 3, 3, 1]);
    expect(encodeSegments([], 1e6)).toEqual([]);
  });

  it("[I2] are read where they lie: in the middle of a larger buffer", () => {
    const one: LogRecord = {
      key: "k",
      headers: { project: "p", count: 2, receivedAtMs: 3, schemaVersion: 1 },
      value: new TextEncoder().encode('{"name":"é"}\n{}'),
    };
    const [{ body } = { body: new Uint8Array() }] = encodeSegments([one], 1e6);
    const buffer = new Uint8Array(body.length + 20).fill(255);
    buffer.set(body, 7);
    const segment = { firstOffset: 41, count: 1, body: buffer.subarray(7, 7 + body.length) };
    expect(decodeSegment(segment)).toEqual([{ ...one, offset: 41 }]);
  });
});
