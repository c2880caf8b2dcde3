import { type BatchIdMemory, batchIdentity, type Hash } from "./batch-id-memory.ts";

/** A record of the log, as far as folding and archiving need it. `text` is NDJSON, one normalized event a line. */
export interface FoldedRecord {
  offset: number;
  key: string;
  project: string;
  count: number;
  receivedAtMs: number;
  text: string;
}

/** What a range of the log came to, of batches. */
export interface BatchCounts {
  /** Identities of the batches that were new: to be remembered once the range is dealt with. */
  batches: Hash[];
  /** Newest arrival in the range, epoch ms: the time at which its batches are remembered. */
  receivedAtMs: number;
  duplicateBatches: number;
  duplicateEvents: number;
  malformedEvents: number;
}

/**
 * The records of batches that were not seen before, in the range or in what is remembered: the one rule by which windows
 * and archive leave repeats out.
 *
 * @param counts is added to.
 */
export function* newBatches(
  records: Iterable<FoldedRecord>,
  batchIds: BatchIdMemory,
  counts: BatchCounts,
): Generator<FoldedRecord> {
  const seen = new Set<string>();
  for (const record of records) {
    const batch = batchIdentity(record.project, record.key);
    const name = `${batch[0]} ${batch[1]}`;
    if (batchIds.has(batch) || seen.has(name)) {
      counts.duplicateBatches++;
      counts.duplicateEvents += record.count;
      continue;
    }
    seen.add(name);
    counts.batches.push(batch);
    counts.receivedAtMs = Math.max(counts.receivedAtMs, record.receivedAtMs);
    yield record;
  }
}

/** A record's events; undefined when it cannot be read. A normalized line holds no raw line feed: one parse does for all. */
export function parseLines(text: string): unknown[] | undefined {
  const lines = text.endsWith("\n") ? text.slice(0, -1) : text;
  try {
    return JSON.parse(`[${lines.replaceAll("\n", ",")}]`) as unknown[];
  } catch {
    return undefined;
  }
}
