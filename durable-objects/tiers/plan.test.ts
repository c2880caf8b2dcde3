import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseMetric } from "../../protocol/metric.ts";
import { type Coverage, isRefusal, type Plan, planQuery, tiersOf } from "./plan.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** A day's end. */
const NOW = Date.parse("2026-11-01T00:00:00Z");

function metric(overrides: object = {}) {
  const parsed = parseMetric("m", {
    event: "e",
    aggregate: "count",
    window: { type: "tumbling", size: "1s" },
    ...overrides,
  });
  if (!parsed.ok) throw new Error(parsed.message);
  return parsed.value;
}

const COVERAGE: Coverage = {
  finalEndMs: NOW - 2_000,
  sealedEndMs: NOW - 32_000,
  kept: [
    { stepMs: 1_000, afterMs: NOW - 6 * HOUR },
    { stepMs: MINUTE, afterMs: NOW - 72 * HOUR },
    { stepMs: 15 * MINUTE, afterMs: NOW - 720 * HOUR },
  ],
  archive: { rolledUpMs: 15 * MINUTE },
};

function plan(asked: { fromMs: number; toMs?: number; stepMs?: number }, coverage = COVERAGE, of = metric()) {
  return planQuery(of, { toMs: NOW, upToNow: false, mostPoints: 11_000, ...asked }, coverage);
}

function ok(planned: ReturnType<typeof plan>): Plan {
  if (isRefusal(planned)) throw new Error(planned.message);
  return planned;
}

const show = ({ stepMs, parts }: Plan) =>
  [
    stepMs,
    ...parts.map(
      ({ tier, source, afterMs, untilMs }) => `${tier}/${source} ${afterMs - NOW}..${untilMs - NOW}`,
    ),
  ].join(", ");

describe("[S2] the plan of a query", () => {
  it("[S2] the newest windows are live, sealed ones hot", () => {
    expect(show(ok(plan({ fromMs: NOW - MINUTE })))).toBe(
      "1000, hot/windows -61000..-32000, live/windows -32000..0",
    );
  });

  it("[S2] a step that what is kept does not have is read from the archive", () => {
    const asked = { fromMs: NOW - 7 * HOUR, toMs: NOW - 5 * HOUR, stepMs: 1_000 };
    expect(show(ok(plan(asked)))).toBe(
      `1000, cold/archive ${-7 * HOUR - 1_000}..${-6 * HOUR}, hot/windows ${-6 * HOUR}..${-5 * HOUR}`,
    );
  });

  it("[S2] without an archive it is refused with what is kept", () => {
    const { archive: _, ...coverage } = COVERAGE;
    expect(plan({ fromMs: NOW - 7 * HOUR, stepMs: 10_000 }, coverage)).toMatchObject({
      reason: "step",
      message: `step is 10000 ms; points before ${new Date(NOW - 6 * HOUR).toISOString()} are kept every 60000 ms: expected a multiple of that`,
    });
    expect(ok(plan({ fromMs: NOW - 7 * HOUR }, coverage)).stepMs).toBe(MINUTE);
  });

  it.each([
    [{ fromMs: NOW - 15 * MINUTE }, 1_000],
    [{ fromMs: NOW - 6 * HOUR }, 2_000],
    // A minute of yesterday as it was, a week by what is rolled up.
    [{ fromMs: NOW - 24 * HOUR, toMs: NOW - 24 * HOUR + MINUTE }, 1_000],
    [{ fromMs: NOW - 24 * HOUR }, MINUTE],
    [{ fromMs: NOW - 168 * HOUR }, 15 * MINUTE],
    [{ fromMs: NOW - 365 * 24 * HOUR }, HOUR],
  ])("[S2] without a step %j takes %i ms", (asked, stepMs) => {
    expect(ok(plan(asked)).stepMs).toBe(stepMs);
  });

  it("[S2] without a step it is the window's own while that is few enough points", () => {
    const odd = metric({ window: { type: "tumbling", size: "7s" } });
    const coverage = { ...COVERAGE, kept: [{ stepMs: 7_000, afterMs: 0 }] };
    expect(ok(plan({ fromMs: NOW - MINUTE }, coverage, odd)).stepMs).toBe(7_000);
    expect(ok(plan({ fromMs: NOW - 24 * HOUR }, coverage, odd)).stepMs).toBe(14_000);
  });

  it("[S2] asked for all there is, the step suits what there is", () => {
    const all = { ...COVERAGE, firstEndMs: NOW - 3 * 24 * HOUR };
    const planned = ok(plan({ fromMs: 0 }, all));
    expect(planned.stepMs).toBe(MINUTE);
    expect(planned.parts[0]?.afterMs).toBe(all.firstEndMs - MINUTE);
    expect(tiersOf(planned, 0, NOW)[0]?.from).toBe(0);
  });

  it("[S2] beyond what is kept the archive's rolled-up points serve a coarse step, within a bound", () => {
    const year = ok(plan({ fromMs: NOW - 365 * 24 * HOUR, stepMs: HOUR }));
    expect(year.parts[0]).toMatchObject({ tier: "cold", rolledUpMs: 15 * MINUTE });
    expect(plan({ fromMs: NOW - 900 * HOUR, toMs: NOW - 800 * HOUR, stepMs: 100_000 })).toMatchObject({
      reason: "points",
      message: expect.stringContaining("360100 windows of the archive; the bound is 200000"),
    });
  });

  it("[S2] a hot store is asked for what it can answer, but for what was computed anew since", () => {
    const store = {
      afterMs: NOW - 720 * HOUR,
      lacking: [[NOW - 10 * HOUR, NOW - 9 * HOUR] as [number, number]],
    };
    const coverage = { ...COVERAGE, kept: COVERAGE.kept.slice(0, 1), store };
    const asked = { fromMs: NOW - 12 * HOUR + 1_000, toMs: NOW - 5 * HOUR, stepMs: MINUTE };
    expect(show(ok(plan(asked, coverage)))).toBe(
      `60000, hot/store ${-12 * HOUR}..${-10 * HOUR}, cold/archive ${-10 * HOUR}..${-9 * HOUR}, ` +
        `hot/store ${-9 * HOUR}..${-6 * HOUR}, hot/windows ${-6 * HOUR}..${-5 * HOUR}`,
    );
    const p95 = metric({ aggregate: "p95(value)" });
    expect(show(ok(plan(asked, coverage, p95)))).toBe(
      `60000, cold/archive ${-12 * HOUR}..${-6 * HOUR}, hot/windows ${-6 * HOUR}..${-5 * HOUR}`,
    );
    const day = { ...asked, toMs: asked.fromMs + HOUR, stepMs: 1_000 };
    expect(ok(plan(day, coverage, p95)).parts).toMatchObject([{ source: "store" }]);
  });

  it("[S2] a step that is not kept is refused where it would begin in one tier and end in the other", () => {
    const coverage = { ...COVERAGE, sealedEndMs: NOW - 6 * HOUR + MINUTE };
    expect(plan({ fromMs: NOW - 7 * HOUR, stepMs: 7 * MINUTE + 1_000 }, coverage)).toMatchObject({
      reason: "step",
    });
    expect(ok(plan({ fromMs: NOW - 7 * HOUR, stepMs: 7 * MINUTE }, coverage)).stepMs).toBe(7 * MINUTE);
  });

  it("[S2] whatever is asked, each step belongs to one part that can answer for all of it", () => {
    const steps = fc.constantFrom(undefined, 1_000, 3_000, 60_000, 900_000, 3_600_000);
    const age = fc.nat(40 * HOUR);
    const levels = fc.tuple(age, age, age).map((ages) => {
      const sorted = ages.sort((x, y) => x - y);
      return COVERAGE.kept.map((level, i) => ({ ...level, afterMs: NOW - (sorted[i] ?? 0) }));
    });
    const span = fc
      .tuple(age, age)
      .map((ages) => ({ fromMs: NOW - Math.max(...ages), toMs: NOW - Math.min(...ages) }));
    const store = fc.option(
      fc.record({
        afterMs: fc.nat(40 * HOUR).map((age) => NOW - age),
        lacking: fc.constant<[number, number][]>([]),
      }),
    );
    fc.assert(
      fc.property(span, steps, levels, store, fc.nat(40 * HOUR), (asked, stepMs, kept, hot, sealedAge) => {
        const coverage: Coverage = {
          ...COVERAGE,
          kept,
          sealedEndMs: Math.max(NOW - sealedAge, (kept[0]?.afterMs ?? 0) + HOUR),
          ...(hot === null ? {} : { store: hot }),
        };
        const planned = plan({ ...asked, ...(stepMs === undefined ? {} : { stepMs }) }, coverage);
        if (isRefusal(planned)) {
          expect(planned.reason).toBe("points");
          return;
        }
        const step = planned.stepMs;
        let at = Math.ceil(asked.fromMs / step) * step - step;
        for (const { source, tier, afterMs, untilMs } of planned.parts) {
          expect([afterMs, afterMs % step, untilMs % step]).toEqual([at, 0, 0]);
          at = untilMs;
          const coarsest = kept.findLast((level) => step % level.stepMs === 0);
          if (source === "windows") expect(afterMs).toBeGreaterThanOrEqual(coarsest?.afterMs ?? 0);
          if (source === "store") expect(afterMs).toBeGreaterThanOrEqual(hot?.afterMs ?? 0);
          if (tier !== "live") expect(untilMs).toBeLessThanOrEqual(coverage.sealedEndMs);
        }
        const last = Math.floor(asked.toMs / step) * step;
        expect(at).toBe(Math.max(last, planned.parts.length === 0 ? at : last));
        const tiers = tiersOf(planned, asked.fromMs, asked.toMs);
        expect([tiers[0]?.from, tiers.at(-1)?.to]).toEqual([asked.fromMs, asked.toMs]);
        for (const [i, tier] of tiers.entries()) if (i > 0) expect(tier.from).toBe(tiers[i - 1]?.to);
      }),
      { numRuns: 2_000 },
    );
  });
});
