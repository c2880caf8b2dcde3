import type { BatchIdMemory } from "../engine/batch-id-memory.ts";
import type { CompiledMetric } from "../engine/compiled-metric.ts";
import type { MetricPartial } from "../engine/partials.ts";
import { foldRange } from "../engine/range-fold.ts";
import type { LogSource } from "../log/event-log.ts";
import { foldable } from "../log/foldable.ts";
import type { ArchivedFile } from "./archived-file.ts";

/** What one partition has of past events for a question. */
export interface ExploreShare {
  files: (ArchivedFile & { path: string })[];
  /** What is in no file yet. */
  tail: MetricPartial[];
}

interface TailQuestion {
  partition: number;
  project: string;
  compiled: CompiledMetric;
  /** The batches before the tail. It is added to. */
  batchIds: BatchIdMemory;
}

const READ_BYTES = 1024 * 1024;

/** Folds a partition from an offset to its end as it is now, repeats left out. */
export async function foldTail(
  source: LogSource,
  from: number,
  { partition, project, compiled, batchIds }: TailQuestion,
): Promise<MetricPartial[]> {
  const partials: MetricPartial[] = [];
  let next = from;
  let end = Number.POSITIVE_INFINITY;
  while (next < end) {
    const slice = await source.read(next, READ_BYTES, 0);
    end = Math.min(end, slice.endOffset);
    if (slice.nextOffset <= next) break;
    const object = { name: project, metrics: [compiled], applied: -1 };
    const range = foldRange(foldable(slice.records), {
      partition,
      from: next,
      to: slice.nextOffset - 1,
      targetOf: (name) => ({ version: 0, objects: name === project ? [object] : [] }),
      batchIds,
    });
    for (const batch of range.batches) batchIds.remember(batch, range.receivedAtMs);
    partials.push(...(range.partials.get(project)?.metrics ?? []));
    next = slice.nextOffset;
  }
  return partials;
}
