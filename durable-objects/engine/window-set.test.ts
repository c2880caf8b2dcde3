import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Event } from "../../protocol/event.ts";
import { at, define, Feed, PARTITIONS, START_MS } from "../../test/helpers/window-feed.ts";
import { bruteForce, type OracleMetric } from "../../test/oracle/brute-force.ts";
import { compileMetric } from "./compiled-metric.ts";
import { RangeFolder } from "./range-folder.ts";
import { readSealed } from "./sealed-point.ts";

const FOLDS: Record<string, (values: number[], sizeMs: number) => number> = {
  count: (values) => values.length,
  rate: (values, sizeMs) => values.length / (sizeMs / 1_000),
  "sum(value)": (values) => values.reduce((sum, value) => sum + value, 0),
  "min(value)": (values) => Math.min(...values),
  "max(value)": (values) => Math.max(...values),
  "avg(value)": (values) => values.reduce((sum, value) => sum + value, 0) / values.length,
};

describe("[W1] windows over event time", () => {
  it("[W1] a tumbling window is [start, end) and its point stands at its end", () => {
    const feed = new Feed(define({}));
    feed.range(0, [at(0), at(999), at(1_000)], START_MS + 1_000);
    expect(feed.states()).toEqual([
      [1_000, 2, 0],
      [2_000, 1, 0],
    ]);
  });

  it("[W1] a sliding window ends at every step and holds its size", () => {
    const feed = new Feed(define({ window: { type: "sliding", size: "3s", every: "1s" } }));
    feed.range(0, [at(500), at(2_500)], START_MS + 2_500);
    feed.idle(START_MS + 20_000);
    expect(feed.states().map(([t, v]) => [t, v])).toEqual([
      [1_000, 1],
      [2_000, 1],
      [3_000, 2],
      [4_000, 1],
      [5_000, 1],
    ]);
  });

  it("[W1] a sliding window that has not begun its last step is not shown", () => {
    const feed = new Feed(define({ window: { type: "sliding", size: "1m", every: "1s" } }));
    feed.range(0, [at(500)], START_MS + 500);
    expect(feed.states()).toEqual([[1_000, 1, 0]]);
  });
});

describe("[W2] panes", () => {
  it("[W2] an event goes into one pane, however many windows overlap", () => {
    const defined = define({ window: { type: "sliding", size: "1h", every: "1s" } });
    const folder = new RangeFolder([compileMetric(defined)]);
    folder.add(at(1_234));
    expect(folder.finish().metrics[0]?.panes).toEqual([[START_MS + 1_000, 1, [""], [1]]]);
  });
});

describe("[W3] the watermark", () => {
  it("[W3] is the least over the partitions, less the delay", () => {
    const feed = new Feed(define({ delay: "2s" }));
    feed.range(0, [at(10_000)], START_MS + 10_000);
    feed.range(1, [at(6_000)], START_MS + 10_000);
    feed.range(2, [at(8_000)], START_MS + 10_000);
    const windows = feed.set.metric("m");
    expect(windows && feed.set.watermarkOf(windows.compiled)).toBe(START_MS + 4_000);
  });

  it("[W3] waits for a silent partition until its reader has said for 5 s that there is nothing", () => {
    const feed = new Feed(define({}));
    feed.range(0, [at(0)], START_MS);
    feed.range(1, [at(0)], START_MS);
    feed.range(2, [at(0)], START_MS);
    feed.range(0, [at(60_000)], START_MS + 60_000);
    expect(feed.states()[0]).toEqual([1_000, 3, 0]);
    feed.set.step(
      {
        type: "caughtUp",
        partitions: [
          [1, START_MS + 4_999],
          [2, START_MS + 60_000],
        ],
      },
      START_MS + 60_000,
    );
    expect(feed.states()[0]).toEqual([1_000, 3, 0]);
    feed.set.step({ type: "caughtUp", partitions: [[1, START_MS + 60_000]] }, START_MS + 60_000);
    expect(feed.states()[0]).toEqual([1_000, 3, 3]);
  });

  it("[W3] follows the clock when nothing comes at all", () => {
    const feed = new Feed(define({}));
    feed.range(0, [at(0)], START_MS);
    feed.idle(START_MS + 5_000);
    const windows = feed.set.metric("m");
    expect(windows && feed.set.watermarkOf(windows.compiled)).toBe(START_MS + 4_000);
  });

  it("[W3] is not pushed into the future by one fast clock", () => {
    const feed = new Feed(define({}));
    feed.range(1, [at(0)], START_MS);
    feed.range(2, [at(0)], START_MS);
    feed.range(0, [at(3_600_000)], START_MS);
    feed.range(1, [at(3_600_000)], START_MS);
    feed.range(2, [at(3_600_000)], START_MS);
    const windows = feed.set.metric("m");
    expect(windows && feed.set.watermarkOf(windows.compiled)).toBe(START_MS - 1_000);
  });
});

describe("[W4] states", () => {
  it("[W4] provisional, final, revised by a late event, sealed; then late events are counted and change nothing", () => {
    const feed = new Feed(define({ delay: "0s", lateness: "2s" }));
    feed.range(0, [at(100)], START_MS + 100);
    expect(feed.states()[0]).toEqual([1_000, 1, 0]);
    feed.moveTo(1_500);
    expect(feed.states()[0]).toEqual([1_000, 1, 1]);
    feed.range(1, [at(200)], START_MS + 1_500);
    expect(feed.states()[0]).toEqual([1_000, 2, 2]);
    feed.moveTo(3_000);
    expect(feed.states()[0]).toEqual([1_000, 2, 3]);
    feed.range(2, [at(300), at(301)], START_MS + 3_000);
    expect(feed.states()[0]).toEqual([1_000, 2, 3]);
    expect(feed.set.metric("m")?.counts.late).toBe(2);
  });

  it("[W4] changes() tells each point once, and again when its value or state has changed", () => {
    const feed = new Feed(define({ delay: "0s", lateness: "2s" }));
    feed.set.metric("m")?.retell();
    const changes = () =>
      feed.set
        .metric("m")
        ?.changes()
        .flatMap(({ t, v, s }) => [t, v, s]);
    feed.range(0, [at(100)], START_MS + 100);
    expect(changes()).toEqual([[START_MS + 1_000], [1], [0]]);
    expect(changes()).toEqual([]);
    feed.range(0, [at(200)], START_MS + 200);
    expect(changes()).toEqual([[START_MS + 1_000], [2], [0]]);
    feed.idle(START_MS + 10_000);
    expect(changes()).toEqual([[START_MS + 1_000], [2], [3]]);
    expect(changes()).toEqual([]);
  });

  it("[L3] changes() tells what a picture has shown before it was told, also where it is again what was told", () => {
    const feed = new Feed(define({ aggregate: "last(value)", window: { type: "tumbling", size: "1h" } }));
    const windows = feed.set.metric("m");
    windows?.retell();
    const values = () => windows?.changes().flatMap(({ v }) => v);
    const event = (ms: number, value: number) => feed.range(0, [{ ...at(ms), value }], START_MS + ms);
    event(100, 5);
    expect(values()).toEqual([5]);
    event(200, 7);
    event(300, 5);
    expect(values()).toEqual([]);
    event(400, 7);
    windows?.pictureGiven();
    event(500, 5);
    expect(values()).toEqual([5]);
    expect(values()).toEqual([]);
  });
});

describe("[M2] a range counts once", () => {
  it("[M2] a range that does not begin where the last one ended changes nothing", () => {
    const feed = new Feed(define({}));
    const partial = feed.range(0, [at(0)], START_MS);
    feed.set.step({ type: "range", partial }, START_MS);
    feed.set.step({ type: "range", partial: { ...partial, after: 7, to: 8 } }, START_MS);
    expect(feed.states()).toEqual([[1_000, 1, 0]]);
  });
});

describe("[W6] equality with a recomputation from all events", () => {
  const windows = fc.oneof(
    fc.constantFrom(100, 1_000, 7_000).map((size) => ({ type: "tumbling", size: `${size}ms` })),
    fc.tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 12 })).map(([a, b]) => ({
      type: "sliding",
      size: `${Math.max(a, b) * 500}ms`,
      every: `${Math.min(a, b) * 500}ms`,
    })),
  );
  const arrivals = fc.array(
    fc.record({
      partition: fc.integer({ min: 0, max: PARTITIONS - 1 }),
      passedMs: fc.integer({ min: 0, max: 3_000 }),
      restart: fc.boolean(),
      events: fc.array(
        fc.record({
          agoMs: fc.integer({ min: 0, max: 9_000 }),
          value: fc.integer({ min: -50, max: 50 }),
          group: fc.constantFrom("a", "b", "", "__proto__"),
          name: fc.constantFrom("e", "e", "other"),
        }),
        { maxLength: 6 },
      ),
    }),
    { maxLength: 25 },
  );

  it("[W6] for any windows, aggregate, order within lateness, split over partitions and ranges, and restarts", () => {
    fc.assert(
      fc.property(
        windows,
        fc.constantFrom(...Object.keys(FOLDS)),
        fc.boolean(),
        arrivals,
        (window, aggregate, grouped, steps) => {
          const groupBy = grouped ? ["g"] : [];
          const defined = define({ window, aggregate, groupBy, delay: "1s", lateness: "10s" });
          const feed = new Feed(defined);
          const events: Event[] = [];
          let nowMs = START_MS;
          for (const step of steps) {
            nowMs += step.passedMs;
            const range = step.events.map(({ agoMs, value, group, name }): Event => {
              return { name, ts: nowMs - agoMs, value, props: { g: group } };
            });
            events.push(...range);
            feed.range(step.partition, range, nowMs);
            if (step.restart) feed.restart();
          }
          feed.idle(nowMs + 60_000);
          feed.restart();
          const { sizeMs, everyMs } = defined.metric.window;
          const fold = FOLDS[aggregate];
          if (fold === undefined) throw new Error(aggregate);
          const oracle: OracleMetric = {
            event: "e",
            sizeMs,
            everyMs,
            groupBy,
            valueOf: (event) => event.value,
            fold: (values) => fold(values, sizeMs),
          };
          const compiled = compileMetric(defined);
          const sealed = new Map(
            feed.sealed.map((point) => [`${point[0]}|${point[1]}`, readSealed(compiled, point).outcome]),
          );
          const wanted = bruteForce(oracle, events);
          expect(sealed.size).toBe(feed.sealed.length);
          expect([...sealed.keys()].sort()).toEqual([...wanted.keys()].sort());
          for (const [name, value] of wanted) expect(sealed.get(name) as number).toBeCloseTo(value, 9);
        },
      ),
      { numRuns: 300 },
    );
  });
});
