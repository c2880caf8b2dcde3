import type { DefinedMetric } from "./compiled-metric.ts";
import type { Share } from "./range-folder.ts";

/** A window object: its name, the metrics whose windows it has, and of their groups which. */
export interface Placement {
  name: string;
  metrics: DefinedMetric[];
  share?: Share;
}

/**
 * The window objects of a project: one, named like it, for all metrics that fit in one, so that a reader's range is one
 * call; and for each metric that is split, as many as it is split over.
 */
export function placementsOf(project: string, definitions: readonly DefinedMetric[]): Placement[] {
  const whole = definitions.filter(({ metric }) => metric.shards === 1);
  const placements: Placement[] = whole.length === 0 ? [] : [{ name: project, metrics: whole }];
  for (const defined of definitions) {
    const { name, shards } = defined.metric;
    if (shards === 1) continue;
    for (const object of shardsOf(project, name, shards)) placements.push({ ...object, metrics: [defined] });
  }
  return placements;
}

/** The window objects that a metric is split over. A project's name holds no slash. */
export function shardsOf(project: string, metric: string, shards: number): { name: string; share: Share }[] {
  return Array.from({ length: shards }, (_, index) => ({
    name: `${project}/${metric}/${index}.${shards}`,
    share: { index, of: shards },
  }));
}

/** The project that a window object belongs to. */
export function projectOf(objectName: string): string {
  return objectName.split("/", 1)[0] ?? objectName;
}

/** Of a split metric's window object, which share it has: `2` of `2.8`. */
export function shardNameOf(objectName: string): string | undefined {
  const share = objectName.split("/")[2];
  return share?.split(".", 1)[0];
}

/** Of a split metric's window object, which of its groups it has; undefined of an object with whole metrics. */
export function shareOfObject(objectName: string): Share | undefined {
  const [index, of] = (objectName.split("/")[2] ?? "").split(".").map(Number);
  return index === undefined || of === undefined ? undefined : { index, of };
}

/** The metrics whose windows an object has. */
export function metricsOf(objectName: string, definitions: readonly DefinedMetric[]): DefinedMetric[] {
  const placements = placementsOf(projectOf(objectName), definitions);
  return placements.find(({ name }) => name === objectName)?.metrics ?? [];
}
