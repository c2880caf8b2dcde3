import type { Event } from "../../protocol/event.ts";
import type { Metric } from "../../protocol/metric.ts";
import type { Series } from "../../protocol/series.ts";
import { pointsOf } from "../simulation/points.ts";
import { outcomeFault, type Sample } from "./expected-outcome.ts";
import { expectedOf } from "./metric-oracle.ts";

export type ExpectedSteps = ReadonlyMap<string, Sample[]>;

/** What each step of a metric is made of: `step's end group` to samples. */
export function expectedSteps(metric: Metric, events: readonly Event[], stepMs: number): ExpectedSteps {
  const { windows } = expectedOf({ ...metric, accepts: () => true }, events);
  const steps = new Map<string, Sample[]>();
  for (const [end, groups] of windows) {
    const step = Math.ceil(end / stepMs) * stepMs;
    if (metric.window.type === "sliding" && step !== end) continue;
    for (const [group, samples] of groups) {
      const name = `${step} ${group}`;
      steps.set(name, [...(steps.get(name) ?? []), ...samples]);
    }
  }
  return steps;
}

/** Where an answer differs from what the events come to, a line each. */
export function answerFaults(
  metric: Metric,
  series: readonly Series[],
  steps: ExpectedSteps,
  { fromMs, toMs, stepMs }: { fromMs: number; toMs: number; stepMs: number },
): string[] {
  const faults: string[] = [];
  for (const { t } of series) {
    if (t.some((end, i) => i > 0 && end <= (t[i - 1] ?? 0)))
      faults.push(`ends are not ascending: ${t.join()}`);
  }
  const windowMs = metric.window.type === "sliding" ? metric.window.sizeMs : stepMs;
  const wanted = new Map(
    [...steps].filter(([name]) => {
      const end = Number.parseInt(name, 10);
      return end >= fromMs && end <= toMs;
    }),
  );
  for (const [end, groups] of pointsOf(metric, series)) {
    for (const [group, { outcome }] of groups) {
      const samples = wanted.get(`${end} ${group}`);
      wanted.delete(`${end} ${group}`);
      const fault =
        samples === undefined
          ? "ought not to be there"
          : outcomeFault(metric.aggregate, samples, windowMs, outcome);
      if (fault !== undefined) faults.push(`${end} ${group}: ${fault}`);
    }
  }
  for (const name of wanted.keys()) faults.push(`${name} is missing`);
  return faults;
}
