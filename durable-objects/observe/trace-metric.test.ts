import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type MetricSource, parseMetric } from "../../protocol/metric.ts";
import { compileMetric, type CompiledMetric } from "../engine/compiled-metric.ts";
import { traceMetric } from "./trace-metric.ts";

const TS = 1_795_000_000_500;
const PLACE = { partition: 1, offset: 50, receivedAtMs: TS + 200, isFolded: true };

function compiled(definition: Partial<MetricSource>): CompiledMetric {
  const source = { event: "e", aggregate: "count", window: { type: "tumbling", size: "1s" }, ...definition };
  const metric = parseMetric("m", source);
  if (!metric.ok) throw new Error(metric.message);
  return compileMetric({ metric: metric.value, revision: 1 });
}

const standing = (finalEnd: number, sealedEnd: number) => ({
  metric: "m",
  watermarkMs: finalEnd,
  finalEnd,
  sealedEnd,
  since: [0, 10],
});

describe("[U9] an event in a metric", () => {
  const event = { name: "e", ts: TS, value: 3, props: { country: "DE" } };

  it("[U9] counts in the window that holds its time, whose state is the metric's", () => {
    const end = 1_795_000_001_000;
    for (const [finalEnd, sealedEnd, state] of [
      [end - 1_000, 0, 0],
      [end, end - 1_000, 1],
      [end + 60_000, end, 3],
    ] as const) {
      const traced = traceMetric({ event, ...PLACE }, compiled({}), standing(finalEnd, sealedEnd));
      expect(traced).toMatchObject({ verdict: "counts", windows: 1, group: {} });
      expect(traced.first).toEqual({ startMs: end - 1_000, endMs: end, state });
    }
  });

  it("[U9] counts in every sliding window that holds its time, and in no other", () => {
    const step = fc.constantFrom("1s", "2s", "3s", "5s");
    fc.assert(
      fc.property(step, fc.integer({ min: 0, max: 60_000 }), (every, aheadMs) => {
        const definition = compiled({ window: { type: "sliding", size: "7s", every } });
        const ts = TS + aheadMs;
        const traced = traceMetric({ event: { ...event, ts }, ...PLACE }, definition, undefined);
        const { everyMs, sizeMs } = definition.metric.window;
        const holding = [];
        for (let end = everyMs; end <= ts + sizeMs + everyMs; end += everyMs) {
          if (end < ts - 10_000) end = Math.floor((ts - 10_000) / everyMs) * everyMs;
          else if (end - sizeMs <= ts && ts < end) holding.push(end);
        }
        expect([traced.first?.endMs, traced.last?.endMs]).toEqual([holding[0], holding.at(-1)]);
        expect(traced.windows).toBe(holding.length);
      }),
    );
  });

  it.each([
    ["filtered", { where: "country = 'US'" }, {}],
    ["skipped", { aggregate: "sum(price)" }, {}],
    ["before", {}, { offset: 9 }],
    ["waits", {}, { isFolded: false }],
    ["late", {}, { receivedAtMs: TS + 40_000 }],
    ["counts", { lateness: "1m" }, { receivedAtMs: TS + 40_000 }],
  ])("[U9] %s: %j %j", (verdict, definition, place) => {
    const traced = traceMetric({ event, ...PLACE, ...place }, compiled(definition), standing(0, 0));
    expect(traced.verdict).toBe(verdict);
  });

  it("[U9] is of a group, and of a session has no window yet", () => {
    expect(
      traceMetric({ event, ...PLACE }, compiled({ groupBy: ["country", "city"] }), undefined).group,
    ).toEqual({ country: "DE", city: "" });
    const session = traceMetric(
      { event, ...PLACE },
      compiled({ window: { type: "session", gap: "1m" } }),
      undefined,
    );
    expect([session.verdict, session.first]).toEqual(["counts", undefined]);
  });
});
