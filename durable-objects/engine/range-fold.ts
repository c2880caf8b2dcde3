import type { Event } from "../../protocol/event.ts";
import type { BatchIdMemory } from "./batch-id-memory.ts";
import type { CompiledMetric } from "./compiled-metric.ts";
import { type BatchCounts, type FoldedRecord, newBatches, parseLines } from "./new-batches.ts";
import type { RangePartial } from "./partials.ts";
import { RangeFolder, type Share } from "./range-folder.ts";

/** The range that is folded, and the definitions it is folded with. */
export interface RangeContext {
  partition: number;
  /** The first offset that was read. */
  from: number;
  /** The last offset of the range. */
  to: number;
  /** Who is to be told of a project's events. */
  targetOf: (project: string) => FoldTarget;
  batchIds: BatchIdMemory;
}

/** The window objects of one project, and the version of the definitions that made them so. */
export interface FoldTarget {
  version: number;
  objects: FoldObject[];
}

/** A window object, as far as folding needs it. */
export interface FoldObject {
  name: string;
  metrics: CompiledMetric[];
  /** Of its metrics' groups, those that it has; absent: all. */
  share?: Share;
  /** The last offset that it holds already. */
  applied: number;
}

/** What a range came to. */
export interface FoldedRange extends BatchCounts {
  /** For each window object. */
  partials: Map<string, RangePartial>;
  events: number;
}

/** What is folded alike: for one window object, or for those of a split metric that hold as much of the log. */
interface SharedFold {
  version: number;
  objects: FoldObject[];
  applied: number;
  folder: RangeFolder;
  oldestReceivedMs: number;
}

/**
 * Folds a range into one partial for each window object. Records that an object holds already are left out of
 * its partial, but are remembered like the others: whether a batch is a repeat depends on the log before it alone,
 * so that reading again from any earlier offset decides as before.
 */
export function foldRange(records: Iterable<FoldedRecord>, context: RangeContext): FoldedRange {
  const folds = new Map<string, SharedFold[]>();
  const range: FoldedRange = {
    partials: new Map(),
    batches: [],
    receivedAtMs: 0,
    events: 0,
    duplicateBatches: 0,
    duplicateEvents: 0,
    malformedEvents: 0,
  };
  for (const record of newBatches(records, context.batchIds, range))
    foldRecord(record, folds, context, range);
  for (const fold of [...folds.values()].flat()) {
    if (fold.oldestReceivedMs === Number.POSITIVE_INFINITY) continue;
    for (const object of fold.objects) range.partials.set(object.name, partialOf(object, fold, context));
  }
  return range;
}

function partialOf(
  { share }: FoldObject,
  { version, applied, oldestReceivedMs, folder }: SharedFold,
  { partition, from, to }: RangeContext,
): RangePartial {
  return { partition, after: applied, from, to, version, oldestReceivedMs, ...folder.finish(share?.index) };
}

function foldRecord(
  record: FoldedRecord,
  folds: Map<string, SharedFold[]>,
  context: RangeContext,
  range: FoldedRange,
): void {
  const events = parseLines(record.text) as Event[] | undefined;
  if (events === undefined || record.project === "") {
    range.malformedEvents += Math.max(1, record.count);
    return;
  }
  range.events += events.length;
  const lacking = foldsOf(record.project, folds, context).filter(({ applied }) => applied < record.offset);
  for (const fold of lacking) {
    fold.oldestReceivedMs = Math.min(fold.oldestReceivedMs, record.receivedAtMs);
    for (const event of events) fold.folder.add(event);
  }
}

function foldsOf(project: string, folds: Map<string, SharedFold[]>, context: RangeContext): SharedFold[] {
  let known = folds.get(project);
  if (known === undefined) folds.set(project, (known = sharedFolds(context.targetOf(project))));
  return known;
}

function sharedFolds({ version, objects }: FoldTarget): SharedFold[] {
  const alike = Map.groupBy(objects, ({ name, metrics, share, applied }) =>
    share === undefined ? name : `${metrics[0]?.metric.name}/${share.of}/${applied}`,
  );
  const folds: SharedFold[] = [];
  for (const objects of alike.values()) {
    const [first] = objects;
    if (first === undefined) continue;
    const { metrics, share, applied } = first;
    const folder = new RangeFolder(metrics, share);
    folds.push({ version, objects, applied, folder, oldestReceivedMs: Number.POSITIVE_INFINITY });
  }
  return folds;
}
