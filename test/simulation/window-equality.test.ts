import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { lateScenario, scenario } from "./arbitrary-scenario.ts";
import { faultsOf } from "./equality.ts";
import { PINNED_SCENARIOS } from "./pinned-scenarios.ts";
import type { Scenario } from "./scenario.ts";
import { type Outcome, runScenario } from "./scenario-run.ts";
import { SMALL_SCENARIOS } from "./small-scenarios.ts";
import type { Crash, Step } from "./world.ts";

// Thousands of runs each: on a busy machine they take their time.
vi.setConfig({ testTimeout: 600_000 });

/** For longer hunts. The seed of a failure is printed. */
const RUNS = Number(process.env["FRESHET_RUNS"] ?? 250);
/** Long enough for others to go on, or for a window to close. */
const HELD_UP_MS = [25, 700];
const SHRINKING_MS = 30_000;

/**
 * Every crash that can make a difference: of each object after each step that concerns it, since one that nothing has
 * happened to since would lose the same; and of all at once after every step.
 */
function crashesOf(steps: readonly Step[]): Crash[] {
  return steps.flatMap(({ involved }, index) =>
    ["all", ...involved.filter((actor) => actor !== "client")].map((actor) => ({ step: index + 1, actor })),
  );
}

describe("[W6] sealed windows equal a recomputation, whatever is lost and when", () => {
  it.each(Object.entries(SMALL_SCENARIOS))(
    "[W6] %s: cut off at every step",
    async (_, small) => {
      const whole = await runScenario(small);
      expect(faultsOf(small, whole)).toEqual([]);
      for (const crash of crashesOf(whole.steps)) {
        const cut: Scenario = { ...small, crashes: [crash] };
        const faults = faultsOf(cut, await runScenario(cut));
        expect(
          faults,
          `${crash.actor} after step ${crash.step}: ${whole.steps[crash.step - 1]?.label}`,
        ).toEqual([]);
      }
    },
    120_000,
  );

  it.each(Object.entries(SMALL_SCENARIOS))(
    "[W6] %s: each message and each commit held up",
    async (_, small) => {
      const { messages } = await runScenario(small);
      for (let message = 1; message <= messages; message++) {
        for (const ms of HELD_UP_MS) {
          const held: Scenario = { ...small, holdUps: [{ message, ms }] };
          expect(faultsOf(held, await runScenario(held)), `message ${message} held up ${ms} ms`).toEqual([]);
        }
      }
    },
    120_000,
  );
});

describe("[W6] sealed windows equal a recomputation, in scenarios of every kind", () => {
  it.each(Object.entries(PINNED_SCENARIOS))("[W6] %s", async (_, pinned) => {
    expect(faultsOf(pinned, await runScenario(pinned))).toEqual([]);
  });

  it("[W6] any metrics, events, order within lateness, split, copies, redefinitions, network and crashes", async () => {
    const property = fc.asyncProperty(scenario, async (given) => {
      expect(faultsOf(given, await runScenario(given))).toEqual([]);
    });
    await fc.assert(property, bounded(RUNS));
  }, 3_600_000);

  it("[W4] what comes after its windows were sealed is counted, and that many events are missing", async () => {
    const property = fc.asyncProperty(lateScenario, async (given) => {
      const outcome = await runScenario(given);
      expect(faultsOf(given, outcome)).toEqual([]);
      for (const { metric } of outcome.definitions.metrics) {
        const { late, skipped } = outcome.stats.find((counted) => counted.metric === metric.name) ?? {};
        expect([metric.name, late]).toEqual([
          metric.name,
          sent(outcome) - (skipped ?? 0) - taken(outcome, metric.name),
        ]);
      }
    });
    await fc.assert(property, bounded(Math.ceil(RUNS / 3)));
  }, 3_600_000);
});

/** Shrinking ends in time, with what it has come to. */
function bounded(numRuns: number): fc.Parameters<unknown> {
  return { numRuns, interruptAfterTimeLimit: numRuns * 200 + SHRINKING_MS, markInterruptAsFailure: true };
}

function sent({ logged }: Outcome): number {
  return logged.flatMap(({ events }) => events).filter(({ name }) => name === "e").length;
}

/** The sum of all points of a metric. */
function taken({ final }: Outcome, metric: string): number {
  const last = final[0]?.find(({ answer }) => answer.metric === metric);
  return (last?.answer.series ?? []).flatMap(({ v }) => v).reduce<number>((sum, v) => sum + (v ?? 0), 0);
}
