import { shardOf } from "../../durable-objects/engine/pane-folder.ts";
import type { Metric } from "../../protocol/metric.ts";
import { POINT_STATE } from "../../protocol/series.ts";
import { outcomeFault, type Sample } from "../oracle/expected-outcome.ts";
import { type ExpectedWindows, groupName } from "../oracle/metric-oracle.ts";
import type { Point, Points } from "./points.ts";

type Groups = ReadonlyMap<string, Sample[]>;

const NO_SAMPLES: Groups = new Map();
const NO_POINTS: ReadonlyMap<string, Point> = new Map();

/**
 * How a metric's points differ from what they ought to be. Which groups a window names is the engine's choice: each
 * window object names all of its own where they fit, and as many as fit where not; `__other__` is exactly the rest.
 *
 * @param shares what each window object of the metric ought to have.
 */
export function windowFaults(metric: Metric, shares: readonly ExpectedWindows[], points: Points): string[] {
  const faults: string[] = [];
  for (const end of new Set([...shares.flatMap((share) => [...share.keys()]), ...points.keys()])) {
    const ofWindow = shares.map((share) => share.get(end) ?? NO_SAMPLES);
    const wrong = faultsOfWindow(metric, ofWindow, points.get(end) ?? NO_POINTS);
    faults.push(...wrong.map((fault) => `${metric.name} at ${end}: ${fault}`));
  }
  return faults;
}

/** Like {@link windowFaults} for the groups that one window object names. */
export function namedFaults(metric: Metric, shard: number, share: ExpectedWindows, points: Points): string[] {
  return [...new Set([...share.keys(), ...points.keys()])].flatMap((end) => {
    return faultsOfShare(metric, shard, share.get(end) ?? NO_SAMPLES, points.get(end) ?? NO_POINTS);
  });
}

/** Whether some window has more groups than it can name. */
export function hasToFold(metric: Metric, share: ExpectedWindows): boolean {
  return [...share.values()].some((groups) => groups.size > mostGroups(metric));
}

/** Of a metric that is split, what one object has. */
export function windowsOfShard(metric: Metric, windows: ExpectedWindows, shard: number): ExpectedWindows {
  if (metric.shards === 1) return windows;
  const own: ExpectedWindows = new Map();
  for (const [end, groups] of windows) {
    const mine = [...groups].filter(([group]) => shardOfGroup(metric, group) === shard);
    if (mine.length > 0) own.set(end, new Map(mine));
  }
  return own;
}

function faultsOfWindow(
  metric: Metric,
  shares: readonly Groups[],
  points: ReadonlyMap<string, Point>,
): string[] {
  const other = otherName(metric);
  const faults = shares.flatMap((share, shard) => faultsOfShare(metric, shard, share, points));
  const rest = shares
    .flatMap((share) => [...share])
    .filter(([group]) => !points.has(group) || group === other)
    .flatMap(([, samples]) => samples);
  const folded = other === undefined ? undefined : points.get(other);
  if (rest.length === 0 && folded !== undefined) faults.push("has folded what is not there");
  if (rest.length > 0) faults.push(...pointFault(metric, other ?? "all", rest, folded));
  return faults;
}

function faultsOfShare(
  metric: Metric,
  shard: number,
  share: Groups,
  points: ReadonlyMap<string, Point>,
): string[] {
  const other = otherName(metric);
  const named = [...points.keys()].filter(
    (group) => group !== other && shardOfGroup(metric, group) === shard,
  );
  const wanted = Math.min(share.size, mostGroups(metric));
  const faults = named.flatMap((group) =>
    pointFault(metric, group, share.get(group) ?? [], points.get(group)),
  );
  if (named.length !== wanted) faults.push(`names ${named.length} groups of ${share.size}, not ${wanted}`);
  return faults;
}

function pointFault(
  { aggregate, window }: Metric,
  group: string,
  samples: readonly Sample[],
  point: Point | undefined,
): string[] {
  if (samples.length === 0) return [`${group} ought not to be there`];
  if (point === undefined) return [`${group} of ${samples.length} samples is missing`];
  if (point.state !== POINT_STATE.sealed) return [`${group} is in state ${point.state}`];
  const fault = outcomeFault(aggregate, samples, window.sizeMs, point.outcome);
  return fault === undefined ? [] : [`${group} is ${fault}`];
}

/** Groups that one window object names. */
function mostGroups({ maxGroups, shards }: Metric): number {
  return shards === 1 ? maxGroups : Math.min(maxGroups, Math.ceil((maxGroups / shards) * 1.5) + 8);
}

function shardOfGroup({ shards }: Metric, group: string): number {
  const [only = "", ...further] = JSON.parse(group) as string[];
  return shardOf(further.length === 0 ? only : group, shards);
}

/** Without groups nothing is folded. */
function otherName({ groupBy }: Metric): string | undefined {
  return groupBy.length === 0 ? undefined : groupName(groupBy.map(() => "__other__"));
}
