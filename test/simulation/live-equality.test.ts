import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { runLiveScenario } from "./live-run.ts";
import { liveScenario } from "./live-scenario.ts";
import { PINNED_LIVE_SCENARIOS, SMALL_LIVE_SCENARIOS } from "./live-small.ts";
import { SOCKET_GLOBALS } from "./simulated-object.ts";

/** For longer hunts. The seed of a failure is printed; `FRESHET_SEED` repeats it. */
const RUNS = Number(process.env["FRESHET_RUNS"] ?? 300);
const SEED = process.env["FRESHET_SEED"];
const SHRINKING_MS = 60_000;

beforeAll(() => {
  for (const [name, value] of Object.entries(SOCKET_GLOBALS)) vi.stubGlobal(name, value);
});
afterAll(() => {
  vi.unstubAllGlobals();
});

describe("[L3] every client's picture equals the server's in the end", () => {
  it.each(Object.entries(SMALL_LIVE_SCENARIOS))(
    "[L3] %s: each object lost after every step that concerns it",
    async (_, small) => {
      const { faults, steps } = await runLiveScenario(small);
      expect(faults).toEqual([]);
      for (const [index, { involved, label }] of steps.entries()) {
        for (const actor of ["all", ...involved].filter((name) => /^(all|METRIC|LIVE)/.test(name))) {
          const outcome = await runLiveScenario({ ...small, crashes: [{ step: index + 1, actor }] });
          expect(outcome.faults, `${actor} after step ${index + 1}: ${label}`).toEqual([]);
        }
      }
    },
    600_000,
  );

  it.each(Object.entries(PINNED_LIVE_SCENARIOS))("[L3] %s", async (_, scenario) => {
    expect((await runLiveScenario(scenario)).faults).toEqual([]);
  });

  it("[L3] any drops, sleeps, absences, late events, redefinitions, hibernations, crashes and networks", async () => {
    let recovered = 0;
    let merged = 0;
    let points = 0;
    const property = fc.asyncProperty(liveScenario, async (scenario) => {
      const outcome = await runLiveScenario(scenario);
      recovered += outcome.recovered;
      merged += outcome.merged;
      points += outcome.points;
      expect(outcome.faults).toEqual([]);
    });
    await fc.assert(property, {
      ...(SEED !== undefined && { seed: Number(SEED) }),
      numRuns: RUNS,
      interruptAfterTimeLimit: RUNS * 500 + SHRINKING_MS,
      markInterruptAsFailure: true,
    });
    // Otherwise the scenarios do not reach what they are for.
    expect(recovered).toBeGreaterThan(RUNS / 10);
    expect(merged).toBeGreaterThan(RUNS / 10);
    expect(points).toBeGreaterThan(10 * RUNS);
  }, 3_600_000);
});
