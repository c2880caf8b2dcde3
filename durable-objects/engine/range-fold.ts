import type { Event } from "../../protocol/event.ts";
import { type BatchIdMemory, batchIdentity, type Hash } from "./batch-id-memory.ts";
import type { CompiledMetric } from "./compiled-metric.ts";
import { RangeFolder, type RangePartial } from "./partials.ts";

/** A record of the log, as far as folding needs it. `text` is NDJSON, one normalized event a line. */
export interface FoldedRecord {
  key: string;
  project: string;
  count: number;
  receivedAtMs: number;
  text: string;
}

/** The range that is folded, and the definitions it is folded with. */
export interface RangeContext {
  partition: number;
  from: number;
  to: number;
  /** A project's metrics and their version. */
  definitionsOf: (project: string) => { version: number; metrics: CompiledMetric[] };
  batchIds: BatchIdMemory;
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
  version: number;
  folder: RangeFolder;
  oldestReceivedMs: number;
}

/** Folds a range into one partial for each project. The same range and definitions give the same partials. */
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
  const { partition, from, to } = context;
  for (const [project, { version, folder, oldestReceivedMs }] of folds) {
    range.partials.set(project, { partition, from, to, version, oldestReceivedMs, ...folder.finish() });
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
  let fold = folds.get(record.project);
  if (fold === undefined) {
    const { version, metrics } = context.definitionsOf(record.project);
    if (metrics.length === 0) return;
    fold = { version, folder: new RangeFolder(metrics), oldestReceivedMs: record.receivedAtMs };
    folds.set(record.project, fold);
  }
  fold.oldestReceivedMs = Math.min(fold.oldestReceivedMs, record.receivedAtMs);
  for (const event of events) fold.folder.add(event);
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
