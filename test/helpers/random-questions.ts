import fc from "fast-check";
import { expect } from "vitest";
import type { Event } from "../../protocol/event.ts";
import type { Metric } from "../../protocol/metric.ts";
import { answerFaults, type ExpectedSteps, expectedSteps } from "../oracle/answer-faults.ts";
import type { TierBench } from "./tier-bench.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

interface Questions {
  metrics: readonly Metric[];
  /** All that was accepted: what the answers are compared with. */
  events: readonly Event[];
  /** Up to when questions reach, and the clock when they are asked, epoch ms. */
  untilMs: number;
  nowMs: number;
  days: number;
  runs: number;
}

/** Asks at random, of whatever span and step; every answer is to equal the oracle's, and every source to be met. */
export async function askAtRandom(bench: TierBench, questions: Questions): Promise<void> {
  const { metrics, events, untilMs, nowMs, days, runs } = questions;
  const steps = new Map<string, ExpectedSteps>();
  const met = new Set<string>();
  const age = fc.oneof(fc.nat(days * DAY_MS), fc.nat(4 * DAY_MS), fc.nat(8 * HOUR_MS));
  const query = fc.record({
    metric: fc.constantFrom(...metrics),
    ages: fc.tuple(age, age),
    factor: fc.option(fc.constantFrom(1, 2, 3, 6, 12, 60, 900)),
  });
  await fc.assert(
    fc.asyncProperty(query, async ({ metric, ages, factor }) => {
      const span = { fromMs: untilMs - Math.max(...ages), toMs: untilMs - Math.min(...ages) };
      const stepMs = factor === null ? {} : { stepMs: factor * metric.window.everyMs };
      const asked = { metric: metric.name, ...span, ...stepMs, upToNow: false, mostPoints: 11_000 };
      const plan = await bench.plan(asked, nowMs);
      if ("ok" in plan) {
        expect(plan.reason).toBe("points");
        return;
      }
      const read = await bench.read(plan);
      if (!Array.isArray(read)) throw new Error(JSON.stringify(read));
      for (const { source, rolledUpMs } of plan.inputs[0]?.plan.parts ?? []) {
        met.add(rolledUpMs === undefined ? source : `${source}, rolled up`);
      }
      const name = `${metric.name} ${plan.stepMs}`;
      const expected = steps.get(name) ?? expectedSteps(metric, events, plan.stepMs);
      steps.set(name, expected);
      expect(answerFaults(metric, read, expected, { ...span, stepMs: plan.stepMs })).toEqual([]);
    }),
    { numRuns: Number(process.env["FRESHET_RUNS"] ?? runs) },
  );
  expect([...met].sort()).toEqual(["archive", "archive, rolled up", "windows"]);
}
