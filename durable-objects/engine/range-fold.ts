import type { Event } from "../../protocol/event.ts";
import { type BatchIdMemory, batchIdentity, type Hash } from "./batch-id-memory.ts";
import type { CompiledMetric } from "./compiled-metric.ts";
import { RangeFolder, type RangePartial } from "./partials.ts";

/** A record of the log, as far as folding needs it. `text` is NDJSON, one normalized event a line. */
export interface FoldedRecord {
  offset: number;
  key: string;
  project: string;
  count: number;
  receivedAtMs: number;
  text: string;
}

/** The range that is folded, and the definitions it is folded with. */
export interface RangeContext {
  partition: number;
  /** The last offset of the range. */
  to: number;
  /** What a project's window is to be told: the metrics, their version, and the last offset that it holds already. */
  targetOf: (project: string) => FoldTarget;
  batchIds: BatchIdMemory;
}

/** A window object, as far as folding needs it. */
export interface FoldTarget {
  version: number;
  metrics: CompiledMetric[];
  applied: number;
}

/** What a range came to. */
export interface FoldedRange {
  /** For each project with metrics. */
  partials: Map<string, RangePartial>;
  /** Identities of the batches that were new: to be remembered once the range is applied. */
  batches: Hash[];
  /** Newest arrival in the range, epoch ms: the time at which its batches are remembered. */
  receivedAtMs: number;
  events: number;
  duplicateBatches: number;
  duplicateEvents: number;
  malformedEvents: number;
}

interface ProjectFold {
  target: FoldTarget;
  folder: RangeFolder;
  oldestReceivedMs: number;
}

/**
 * Folds a range into one partial for each project. Records that a project's window holds already are left out of
 * its partial, but are remembered like the others: whether a batch is a repeat depends on the log before it alone,
 * so that reading again from any earlier offset decides as before.
 */
export function foldRange(records: Iterable<FoldedRecord>, context: RangeContext): FoldedRange {
  const folds = new Map<string, ProjectFold>();
  const seen = new Set<string>();
  const range: FoldedRange = {
    partials: new Map(),
    batches: [],
    receivedAtMs: 0,
    events: 0,
    duplicateBatches: 0,
    duplicateEvents: 0,
    malformedEvents: 0,
  };
  for (const record of records) {
    const batch = batchIdentity(record.project, record.key);
    const name = `${batch[0]} ${batch[1]}`;
    if (context.batchIds.has(batch) || seen.has(name)) {
      range.duplicateBatches++;
      range.duplicateEvents += record.count;
      continue;
    }
    seen.add(name);
    range.batches.push(batch);
    range.receivedAtMs = Math.max(range.receivedAtMs, record.receivedAtMs);
    foldRecord(record, folds, context, range);
  }
  const { partition, to } = context;
  for (const [project, { target, folder, oldestReceivedMs }] of folds) {
    const { version, applied } = target;
    range.partials.set(project, {
      partition,
      after: applied,
      to,
      version,
      oldestReceivedMs,
      ...folder.finish(),
    });
  }
  return range;
}

function foldRecord(
  record: FoldedRecord,
  folds: Map<string, ProjectFold>,
  context: RangeContext,
  range: FoldedRange,
): void {
  const events = parseLines(record.text);
  if (events === undefined || record.project === "") {
    range.malformedEvents += Math.max(1, record.count);
    return;
  }
  range.events += events.length;
  const fold = foldFor(record, folds, context);
  if (fold === undefined) return;
  fold.oldestReceivedMs = Math.min(fold.oldestReceivedMs, record.receivedAtMs);
  for (const event of events) fold.folder.add(event);
}

/** Undefined when the project has no metrics, or its window holds the record. */
function foldFor(
  { offset, project, receivedAtMs }: FoldedRecord,
  folds: Map<string, ProjectFold>,
  context: RangeContext,
): ProjectFold | undefined {
  const known = folds.get(project);
  const target = known?.target ?? context.targetOf(project);
  if (target.metrics.length === 0 || offset <= target.applied) return undefined;
  if (known !== undefined) return known;
  const fold = { target, folder: new RangeFolder(target.metrics), oldestReceivedMs: receivedAtMs };
  folds.set(project, fold);
  return fold;
}

/** A normalized line holds no raw line feed, so that one parse does for all of them. */
function parseLines(text: string): Event[] | undefined {
  const lines = text.endsWith("\n") ? text.slice(0, -1) : text;
  try {
    return JSON.parse(`[${lines.replaceAll("\n", ",")}]`) as Event[];
  } catch {
    return undefined;
  }
}
