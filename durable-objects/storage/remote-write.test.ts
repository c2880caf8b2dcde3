import { BinaryReader } from "@bufbuild/protobuf/wire";
import fc from "fast-check";
import { uncompress } from "snappyjs";
import { describe, expect, it } from "vitest";
import { countSamples, halve, type HotSeries } from "../engine/hot-series.ts";
import { backoffMs, encodeWriteRequest, outcomeOf } from "./remote-write.ts";

/** What a receiver reads. */
function decode(body: Uint8Array): HotSeries[] {
  const series: HotSeries[] = [];
  eachField(uncompress(body), (_, reader) => {
    const one: HotSeries = { labels: [], t: [], v: [] };
    eachField(reader.bytes(), (field, reader) => {
      const parts = new Map<number, string | number>();
      eachField(reader.bytes(), (inner, reader, type) => {
        parts.set(
          inner,
          type === 0 ? Number(reader.int64()) : type === 1 ? reader.double() : reader.string(),
        );
      });
      if (field === 1) one.labels.push([String(parts.get(1)), String(parts.get(2))]);
      else {
        one.v.push(Number(parts.get(1)));
        one.t.push(Number(parts.get(2)));
      }
    });
    series.push(one);
  });
  return series;
}

function eachField(
  bytes: Uint8Array,
  visit: (field: number, reader: BinaryReader, type: number) => void,
): void {
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    visit(field, reader, type);
  }
}

const anySeries: fc.Arbitrary<HotSeries> = fc
  .record({
    labels: fc.array(fc.tuple(fc.string({ minLength: 1 }), fc.string({ unit: "grapheme" })), {
      minLength: 1,
    }),
    samples: fc.array(
      fc.tuple(fc.integer({ min: 1, max: 4e12 }), fc.double({ noNaN: true, noDefaultInfinity: true })),
      { minLength: 1 },
    ),
  })
  .map(({ labels, samples }) => ({ labels, t: samples.map(([t]) => t), v: samples.map(([, v]) => v) }));

describe("[S1] a remote write request", () => {
  it("[S1] reads as what was written", () => {
    fc.assert(
      fc.property(fc.array(anySeries), (series) => {
        expect(decode(encodeWriteRequest(series))).toEqual(series);
      }),
    );
  });

  it("[S1] halves hold every sample once, down to one", () => {
    fc.assert(
      fc.property(fc.array(anySeries, { minLength: 1 }), (series) => {
        const parts = halve(series);
        if (parts === undefined) expect(countSamples(series)).toBe(1);
        else expect(countSamples(parts[0]) + countSamples(parts[1])).toBe(countSamples(series));
      }),
    );
  });

  it.each([
    [200, "written"],
    [204, "written"],
    [302, "failed"],
    [400, "refused"],
    [401, "failed"],
    [403, "failed"],
    [404, "failed"],
    [413, "refused"],
    [422, "refused"],
    [429, "failed"],
    [500, "failed"],
    [503, "failed"],
  ])("[S1] %d is %s", (status, type) => {
    expect(outcomeOf(status, null, 0).type).toBe(type);
  });

  it.each([
    [null, 0],
    ["7", 7_000],
    ["100000", 300_000],
    ["Thu, 01 Jan 1970 00:00:09 GMT", 8_000],
    ["soon", 0],
  ])("[S1] Retry-After %s waits %d ms", (header, ms) => {
    expect(outcomeOf(429, header, 1_000)).toMatchObject({ reason: "status_429", retryAfterMs: ms });
  });

  it("[S1] waits longer each time, up to a minute, and never shorter than it is asked to", () => {
    expect([1, 2, 3, 7, 99].map((failures) => backoffMs(failures, 0, 1))).toEqual([
      1_000, 2_000, 4_000, 60_000, 60_000,
    ]);
    expect(backoffMs(3, 0, 0)).toBe(2_000);
    expect(backoffMs(1, 9_000, 0)).toBe(9_000);
  });
});
