import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Event } from "../../protocol/event.ts";
import { parseMetric } from "../../protocol/metric.ts";
import { bruteForce, type OracleMetric } from "../../test/oracle/brute-force.ts";
import { compileMetric, type DefinedMetric } from "./compiled-metric.ts";
import type { EncodedMetricWindows, SealedPoint } from "./metric-windows.ts";
import { RangeFolder, type RangePartial } from "./partials.ts";
import { type EncodedWindowSet, WindowSet } from "./window-set.ts";

const PARTITIONS = 3;
const OPTIONS = { partitions: PARTITIONS, idlePartitionMs: 5_000 };
const START_MS = 1_700_000_000_000;

const FOLDS: Record<string, (values: number[], sizeMs: number) => number> = {
  count: (values) => values.length,
  rate: (values, sizeMs) => values.length / (sizeMs / 1_000),
  "sum(value)": (values) => values.reduce((sum, value) => sum + value, 0),
  "min(value)": (values) => Math.min(...values),
  "max(value)": (values) => Math.max(...values),
  "avg(value)": (values) => values.reduce((sum, value) => sum + value, 0) / values.length,
};

function define(overrides: object): DefinedMetric {
  const parsed = parseMetric("m", {
    event: "e",
    aggregate: "count",
    window: { type: "tumbling", size: "1s" },
    delay: "1s",
    lateness: "10s",
    ...overrides,
  });
  if (!parsed.ok) throw new Error(parsed.message);
  return { metric: parsed.value, revision: 1 };
}

/** A window set fed range by range, as a reader would. */
class Feed {
  readonly defined: DefinedMetric;
  set: WindowSet;
  readonly sealed: SealedPoint[] = [];
  readonly #offsets: number[] = Array.from({ length: PARTITIONS }, () => -1);

  constructor(defined: DefinedMetric) {
    this.defined = defined;
    this.set = new WindowSet(OPTIONS);
    this.set.define([defined]);
  }

  range(partition: number, events: Event[], nowMs: number): RangePartial {
    const folder = new RangeFolder([compileMetric(this.defined)]);
    for (const event of events) folder.add(event);
    const after = this.#offsets[partition] ?? -1;
    const to = after + 1;
    this.#offsets[partition] = to;
    const partial = { partition, after, to, version: 1, oldestReceivedMs: nowMs, ...folder.finish() };
    this.set.step({ type: "range", partial: throughJson(partial) }, nowMs);
    return partial;
  }

  /** Every reader says that it has read all there is at `nowMs`. */
  idle(nowMs: number): void {
    const partitions = Array.from({ length: PARTITIONS }, (_, p): [number, number] => [p, nowMs]);
    this.set.step({ type: "caughtUp", partitions }, nowMs);
  }

  /** The set as another life of its object would find it. */
  restart(): void {
    const windows = this.set.metric("m");
    if (windows === undefined) throw new Error("the metric is gone");
    this.sealed.push(...windows.takeSealed());
    const shared = throughJson<EncodedWindowSet>(this.set.encode());
    const encoded = throughJson<EncodedMetricWindows>(windows.encode());
    this.set = new WindowSet(OPTIONS, shared);
    this.set.restoreMetric(this.defined, encoded);
  }

  states(nowMs: number): [t: number, v: number | null, s: number][] {
    const windows = this.set.metric("m");
    const points = [...(windows?.windows(0, Infinity, nowMs) ?? [])];
    return points.map(({ end, accumulator, state }) => [
      end - START_MS,
      accumulator.result(this.defined.metric.window.sizeMs),
      state,
    ]);
  }
}

function throughJson<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}

function at(offsetMs: number, props: Event["props"] = {}): Event {
  return { name: "e", ts: START_MS + offsetMs, value: 1, props };
}

describe("[W1] windows over event time", () => {
  it("[W1] a tumbling window is [start, end) and its point stands at its end", () => {
    const feed = new Feed(define({}));
    feed.range(0, [at(0), at(999), at(1_000)], START_MS + 1_000);
    expect(feed.states(START_MS + 1_000)).toEqual([
      [1_000, 2, 0],
      [2_000, 1, 0],
    ]);
  });

  it("[W1] a sliding window ends at every step and holds its size", () => {
    const feed = new Feed(define({ window: { type: "sliding", size: "3s", every: "1s" } }));
    feed.range(0, [at(500), at(2_500)], START_MS + 2_500);
    feed.idle(START_MS + 20_000);
    expect(feed.states(START_MS + 20_000).map(([t, v]) => [t, v])).toEqual([
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
    expect(feed.states(START_MS + 500)).toEqual([[1_000, 1, 0]]);
  });
});

describe("[W2] panes", () => {
  it("[W2] an event goes into one pane, however many windows overlap", () => {
    const defined = define({ window: { type: "sliding", size: "1h", every: "1s" } });
    const folder = new RangeFolder([compileMetric(defined)]);
    folder.add(at(1_234));
    expect(folder.finish().metrics[0]?.panes).toEqual([[START_MS + 1_000, 1, [["", 1]]]]);
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
    expect(feed.states(START_MS + 60_000)[0]).toEqual([1_000, 3, 0]);
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
    expect(feed.states(START_MS + 60_000)[0]).toEqual([1_000, 3, 0]);
    feed.set.step({ type: "caughtUp", partitions: [[1, START_MS + 60_000]] }, START_MS + 60_000);
    expect(feed.states(START_MS + 60_000)[0]).toEqual([1_000, 3, 3]);
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
    const moveTo = (offsetMs: number) => {
      for (let p = 0; p < PARTITIONS; p++) feed.range(p, [at(offsetMs)], START_MS + offsetMs);
    };
    feed.range(0, [at(100)], START_MS + 100);
    expect(feed.states(START_MS + 100)[0]).toEqual([1_000, 1, 0]);
    moveTo(1_500);
    expect(feed.states(START_MS + 1_500)[0]).toEqual([1_000, 1, 1]);
    feed.range(1, [at(200)], START_MS + 1_500);
    expect(feed.states(START_MS + 1_500)[0]).toEqual([1_000, 2, 2]);
    moveTo(3_000);
    expect(feed.states(START_MS + 3_000)[0]).toEqual([1_000, 2, 3]);
    feed.range(2, [at(300), at(301)], START_MS + 3_000);
    expect(feed.states(START_MS + 3_000)[0]).toEqual([1_000, 2, 3]);
    expect(feed.set.metric("m")?.counts.late).toBe(2);
  });

  it("[W4] changes() tells each point once, and again when its value or state has changed", () => {
    const feed = new Feed(define({ delay: "0s", lateness: "2s" }));
    const changes = (nowMs: number) =>
      feed.set
        .metric("m")
        ?.changes(nowMs)
        .flatMap(({ t, v, s }) => [t, v, s]);
    feed.range(0, [at(100)], START_MS + 100);
    expect(changes(START_MS + 100)).toEqual([[START_MS + 1_000], [1], [0]]);
    expect(changes(START_MS + 100)).toEqual([]);
    feed.range(0, [at(200)], START_MS + 200);
    expect(changes(START_MS + 200)).toEqual([[START_MS + 1_000], [2], [0]]);
    feed.idle(START_MS + 10_000);
    expect(changes(START_MS + 10_000)).toEqual([[START_MS + 1_000], [2], [3]]);
    expect(changes(START_MS + 10_000)).toEqual([]);
  });
});

describe("[M2] a range counts once", () => {
  it("[M2] a range that does not begin where the last one ended changes nothing", () => {
    const feed = new Feed(define({}));
    const partial = feed.range(0, [at(0)], START_MS);
    feed.set.step({ type: "range", partial }, START_MS);
    feed.set.step({ type: "range", partial: { ...partial, after: 7, to: 8 } }, START_MS);
    expect(feed.states(START_MS)).toEqual([[1_000, 1, 0]]);
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
            feed.sealed.map(([end, key, state]) => [
              `${end}|${key}`,
              compiled.aggregate.decode(state).result(sizeMs),
            ]),
          );
          const wanted = bruteForce(oracle, events);
          expect(sealed.size).toBe(feed.sealed.length);
          expect([...sealed.keys()].sort()).toEqual([...wanted.keys()].sort());
          for (const [name, value] of wanted) expect(sealed.get(name)).toBeCloseTo(value, 9);
        },
      ),
      { numRuns: 300 },
    );
  });
});
