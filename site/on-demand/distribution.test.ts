import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bucketLabel, bucketOf } from "../../protocol/histogram-buckets.ts";
import { POINT_STATE, type Series } from "../../protocol/series.ts";
import { SeriesBuffer } from "../series/series.ts";
import { traitsOf } from "../series/traits.ts";
import { distributionOf } from "./distribution.ts";

const STEP_MS = 1_000;
const SPAN = { fromMs: 0, toMs: 60_000 };

function traits(window: { type: "tumbling" | "sliding"; size: string; every?: string }) {
  return traitsOf({ name: "m", event: "e", aggregate: "histogram( latency )", window });
}

const TUMBLING = traits({ type: "tumbling", size: "1s" });
const SLIDING = traits({ type: "sliding", size: "10s", every: "1s" });

interface Event {
  ts: number;
  value: number;
  region: string;
}

/** The series of tumbling windows of a second, by region. */
function seriesOf(events: readonly Event[]): Series[] {
  const series = new Map<string, Series>();
  for (const { ts, value, region } of events.toSorted((a, b) => a.ts - b.ts)) {
    const group = { region, latency: bucketLabel(bucketOf(value)) };
    const key = JSON.stringify(group);
    const one: Series = series.get(key) ?? { group, t: [], v: [], s: [] };
    series.set(key, one);
    const end = (Math.floor(ts / STEP_MS) + 1) * STEP_MS;
    const last = one.t.length - 1;
    if (one.t[last] === end) one.v[last] = (one.v[last] ?? 0) + 1;
    else {
      one.t.push(end);
      one.v.push(1);
      one.s.push(POINT_STATE.sealed);
    }
  }
  return [...series.values()];
}

function buffered(series: readonly Series[]): SeriesBuffer {
  const buffer = new SeriesBuffer();
  buffer.replace(series);
  return buffer;
}

describe("[U1] the distribution of a value", () => {
  it("[U1] counts each event once, in its column and bucket, whatever its group", () => {
    const event = fc.record({
      ts: fc.integer({ min: 0, max: 59_999 }),
      value: fc.double({ min: -10, max: 1_000, noNaN: true }),
      region: fc.constantFrom("eu", "us", "__other__"),
    });
    fc.assert(
      fc.property(fc.array(event, { maxLength: 60 }), fc.constantFrom(1, 2, 5, 7, 30), (events, factor) => {
        const columnMs = factor * STEP_MS;
        const { t, counts } = distributionOf(buffered(seriesOf(events)), TUMBLING, SPAN, columnMs);
        const wanted = new Map<string, number>();
        for (const { ts, value } of events) {
          const name = `${(Math.floor(ts / columnMs) + 1) * columnMs} ${bucketOf(value)}`;
          wanted.set(name, (wanted.get(name) ?? 0) + 1);
        }
        const found = [...counts].flatMap(([bucket, of]) =>
          of.flatMap((count, i): [string, number][] => (count > 0 ? [[`${t[i]} ${bucket}`, count]] : [])),
        );
        expect(new Map(found)).toEqual(wanted);
        expect(found.length).toBe(wanted.size);
        expect(t).toEqual([...new Set(t)].sort((a, b) => a - b));
      }),
    );
  });

  it("[U1] takes the last of windows that overlap: they do not add up", () => {
    const group = { latency: "0.5" };
    const of = (t: number[], v: number[]) => ({ group, t, v, s: t.map(() => POINT_STATE.final) });
    const buffer = buffered([of([1_000, 2_000, 5_000, 6_000], [3, 4, 7, 9])]);
    const { t, counts, s } = distributionOf(buffer, SLIDING, SPAN, 5_000);
    expect(t).toEqual([5_000, 10_000]);
    expect(counts.get(bucketOf(0.5))).toEqual([7, 9]);
    expect(s).toEqual([POINT_STATE.final, POINT_STATE.provisional]);
  });

  it("[U1] a column is provisional while a window of it is, or is still to come, and revised when one was", () => {
    const group = { latency: "0.5" };
    const { final, revised, sealed, provisional } = POINT_STATE;
    const t = [1_000, 2_000, 3_000, 4_000, 5_000, 6_000, 7_000];
    const buffer = buffered([
      { group, t, v: t.map(() => 1), s: [sealed, sealed, revised, sealed, final, sealed, provisional] },
    ]);
    expect(distributionOf(buffer, TUMBLING, SPAN, 2_000).s).toEqual([sealed, revised, final, provisional]);
    expect(distributionOf(buffer, TUMBLING, { fromMs: 0, toMs: 2_500 }, 5_000).s).toEqual([
      revised,
      provisional,
    ]);
  });

  it("[U1] leaves out what is no bucket's name, and points that are no more", () => {
    const t = [1_000];
    const s = [POINT_STATE.final];
    const buffer = buffered([
      { group: { latency: "nonsense" }, t, v: [4], s },
      { group: { latency: "0.51" }, t, v: [4], s },
      { group: {}, t, v: [4], s },
      { group: { latency: "1" }, t, v: [null], s },
      { group: { latency: "+Inf" }, t, v: [2], s },
    ]);
    const { counts } = distributionOf(buffer, TUMBLING, SPAN, 1_000);
    expect([...counts]).toEqual([[bucketOf(1e300), [2]]]);
  });
});
