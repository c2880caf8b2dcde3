import type { DefinedMetric } from "../../durable-objects/engine/compiled-metric.ts";
import type { Metric } from "../../protocol/metric.ts";
import type { Series } from "../../protocol/series.ts";
import { type ExpectedWindows, expectedOf, type OracleDefinition } from "../oracle/metric-oracle.ts";
import { batchesSince, beginsBetween, latestBegins } from "./begins.ts";
import type { LoggedBatch } from "./logged-batches.ts";
import { observedFaults } from "./observed-faults.ts";
import { type Points, pointsOf } from "./points.ts";
import { CONDITIONS, type Scenario } from "./scenario.ts";
import { type Observation, objectsOf, type Outcome } from "./scenario-run.ts";
import { hasToFold, namedFaults, windowFaults, windowsOfShard } from "./window-faults.ts";

/** What one window object ought to have of a metric. */
interface Share {
  windows: ExpectedWindows;
  skipped: number;
  /** Events that may have come too late. */
  lateAtMost: number;
  /** Whether such an event may or may not be in a window. */
  isUncertain: (end: number) => boolean;
}

/** Shares that are tried, where it is not known which events they begin with. */
const MOST_ATTEMPTS = 300_000;

/** What is wrong with what came of a scenario, in sentences: nothing if the sealed windows equal the oracle's. */
export function faultsOf(scenario: Scenario, outcome: Outcome): string[] {
  const faults = outcome.aborts > 0 ? [`${outcome.aborts} objects gave up`] : [];
  for (const { key, isStored } of outcome.sent) {
    const isLogged = outcome.logged.some((batch) => batch.key === key);
    if (!isStored || !isLogged) faults.push(`${key} is stored: ${isStored}, in the log: ${isLogged}`);
  }
  for (const defined of outcome.definitions.metrics) faults.push(...metricFaults(scenario, outcome, defined));
  return faults;
}

function metricFaults(scenario: Scenario, outcome: Outcome, { metric, revision }: DefinedMetric): string[] {
  const { name } = metric;
  const [last, restarted] = outcome.final.map((observed) => seriesOf(observed, name));
  if (last === undefined || restarted === undefined) return [`there is no ${name}`];
  const points = pointsOf(metric, last);
  const faults = observedFaults(outcome, metric);
  if (placesOf(points) !== placesOf(pointsOf(metric, restarted))) {
    faults.push(`${name} is another after a restart: ${JSON.stringify([last, restarted])}`);
  }
  const latest = latestBegins(outcome, name);
  const definition = oracleOf(scenario, metric);
  let attempts: Share[][] = [[]];
  for (const [shard, object] of objectsOf(metric).entries()) {
    const begin = outcome.begins.of(object, name, revision);
    if (begin === undefined) return [`${object} never had revision ${revision} of ${name}`];
    if (begin.since.some((offset, partition) => offset > (latest[partition] ?? 0))) {
      faults.push(`${name} begins at ${begin.since.join()}, after an event sent since its PUT`);
    }
    const begins = begin.isExact ? [begin.since] : beginsBetween(outcome.logged, begin.since, latest);
    const shares = begins.map((since) =>
      shareOf(metric, definition, batchesSince(outcome.logged, since), shard),
    );
    const fitting = begin.isExact ? shares : fittingShares(metric, shard, shares, points);
    attempts = attempts.flatMap((attempt) => fitting.map((share) => [...attempt, share]));
    attempts.splice(MOST_ATTEMPTS);
  }
  let fewest: string[] | undefined;
  for (const shares of attempts) {
    const wrong = sharesFaults(outcome, metric, shares, points);
    if (fewest === undefined || wrong.length < fewest.length) fewest = wrong;
    if (fewest.length === 0) break;
  }
  return [...faults, ...(fewest ?? [`${name} fits no beginning`])];
}

/** The shares, without repetition, that the groups which are named could be of. */
function fittingShares(metric: Metric, shard: number, shares: readonly Share[], points: Points): Share[] {
  const different = new Map<string, Share>();
  for (const share of shares) {
    const content = Array.from(share.windows, ([end, groups]) => [end, [...groups]]);
    different.set(JSON.stringify([content, share.skipped]), share);
  }
  return [...different.values()].filter(({ windows, isUncertain }) => {
    return (
      namedFaults(metric, shard, without(windows, isUncertain), without(points, isUncertain)).length === 0
    );
  });
}

/** The windows and counts of a metric against those of the shares it ought to have. */
function sharesFaults(outcome: Outcome, metric: Metric, shares: readonly Share[], points: Points): string[] {
  const { name } = metric;
  const stats = outcome.stats.find((counted) => counted.metric === name);
  if (stats === undefined) return [`there are no counts of ${name}`];
  const faults: string[] = [];
  const lateAtMost = shares.reduce((sum, share) => sum + share.lateAtMost, 0);
  if (stats.late > lateAtMost) faults.push(`${name}: ${stats.late} events late, not ${lateAtMost}`);
  if (stats.dropped > 0) faults.push(`${name}: ${stats.dropped} events dropped`);
  if (metric.shards === 1 && lateAtMost === 0 && stats.skipped !== shares[0]?.skipped) {
    faults.push(`${name}: ${stats.skipped} events skipped, not ${shares[0]?.skipped}`);
  }
  if (lateAtMost === 0 && stats.folded > 0 !== shares.some(({ windows }) => hasToFold(metric, windows))) {
    faults.push(`${name}: is said to have folded ${stats.folded} times`);
  }
  const isUncertain = (end: number) => shares.some((share) => share.isUncertain(end));
  const certain = shares.map(({ windows }) => without(windows, isUncertain));
  return [...faults, ...windowFaults(metric, certain, without(points, isUncertain))];
}

function shareOf(
  metric: Metric,
  definition: OracleDefinition,
  batches: readonly LoggedBatch[],
  shard: number,
): Share {
  const events = batches.flatMap((batch) => batch.events);
  const inTime = batches.flatMap((batch) => batch.events.filter(({ ts }) => isInTime(metric, batch, ts)));
  const expected = expectedOf(definition, events);
  const windows = windowsOfShard(metric, expected.windows, shard);
  const lateAtMost = events.length - inTime.length;
  const surely = windowsOfShard(metric, expectedOf(definition, inTime).windows, shard);
  const text = (groups: ExpectedWindows, end: number) => JSON.stringify([...(groups.get(end) ?? [])]);
  const isUncertain = (end: number): boolean => {
    if (lateAtMost === 0) return false;
    // Any of the late events may have moved a session on.
    return metric.window.type === "session" || text(windows, end) !== text(surely, end);
  };
  return { windows, skipped: expected.skipped, lateAtMost, isUncertain };
}

/** Whether an event was in time when it came to the log: then no watermark can have sealed its windows. */
function isInTime({ delayMs, latenessMs }: Metric, { appendedMs }: LoggedBatch, ts: number): boolean {
  return ts >= appendedMs - delayMs - latenessMs;
}

function without<V>(windows: ReadonlyMap<number, V>, isLeftOut: (end: number) => boolean): Map<number, V> {
  return new Map([...windows].filter(([end]) => !isLeftOut(end)));
}

/** A metric as the oracle is told of it, with the condition that its source gives. */
function oracleOf({ metrics, deeds }: Scenario, metric: Metric): OracleDefinition {
  const sources = [...metrics, ...deeds.flatMap((deed) => (deed.type === "define" ? [deed.metric] : []))];
  const { where } = sources.findLast(({ name }) => name === metric.name) ?? {};
  const accepts = where === undefined ? undefined : CONDITIONS[where];
  if (where !== undefined && accepts === undefined) throw new Error(`what does ${where} mean?`);
  const { event, aggregate, window, groupBy } = metric;
  return { event, aggregate, window, groupBy, ...(accepts && { accepts }) };
}

/** Where there are points. */
function placesOf(points: Points): string {
  return JSON.stringify(Array.from(points, ([end, groups]) => [end, [...groups.keys()].sort()]).sort());
}

function seriesOf(observed: readonly Observation[], metric: string): Series[] | undefined {
  return observed.find(({ answer }) => answer.metric === metric)?.answer.series;
}
