import type { Metric } from "../../protocol/metric.ts";
import { POINT_STATE } from "../../protocol/series.ts";
import { isSame, type Point, type Points, pointsOf } from "./points.ts";
import type { Observation, Outcome } from "./scenario-run.ts";

/**
 * What those who asked on the way have seen that cannot be: a sealed point that changed, or a state that went back, from
 * sealed over revised and final to provisional. Only what they saw since the metric is what it is now.
 */
export function observedFaults({ observations, final, confirmations }: Outcome, metric: Metric): string[] {
  const since = Math.max(...confirmations.filter((c) => c.metric === metric.name).map(({ step }) => step));
  const seen = [...observations, ...final.flat()].filter(
    ({ step, answer }) => answer.metric === metric.name && step >= since,
  );
  const points = new Map(seen.map((one) => [one, pointsOf(metric, one.answer.series)]));
  return seen.flatMap((earlier) =>
    seen
      .filter((later) => later.step >= earlier.answeredStep)
      .flatMap((later) => changeFaults(metric, pointsIn(points, earlier), pointsIn(points, later))),
  );
}

function pointsIn(points: ReadonlyMap<Observation, Points>, observation: Observation): Points {
  return points.get(observation) ?? new Map<number, Map<string, Point>>();
}

function changeFaults(metric: Metric, earlier: Points, later: Points): string[] {
  const faults: string[] = [];
  for (const [end, groups] of earlier) {
    for (const [group, before] of groups) {
      const after = later.get(end)?.get(group);
      const place = `${metric.name} at ${end}: ${group}`;
      if (before.state === POINT_STATE.sealed && !isSame(before, after)) {
        faults.push(`${place} was sealed as ${text(before)}, and became ${text(after)}`);
      }
      // The shares of a split metric have states of their own.
      if (metric.shards === 1 && after !== undefined && after.state < before.state) {
        faults.push(`${place} went from state ${before.state} to ${after.state}`);
      }
    }
  }
  return faults;
}

function text(point: Point | undefined): string {
  const outcome = point?.outcome;
  return JSON.stringify(outcome instanceof Map ? [...outcome] : outcome) ?? "nothing";
}
