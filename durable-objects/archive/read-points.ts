import type { CompiledMetric } from "../engine/compiled-metric.ts";
import { keyOf } from "../engine/group-key.ts";
import type { SealedPoint } from "../engine/sealed-point.ts";
import { LIMITS } from "../../protocol/limits.ts";
import type { Group } from "../../protocol/series.ts";
import type { ArchiveBucket } from "./archive-bucket.ts";
import { keptOf } from "./point-file.ts";
import { ArchiveFileGoneError, type FileToRead, type ReadCounts, readGroups } from "./read-groups.ts";
import type { RowQuery } from "./read-plan.ts";

/** What the catalogue of one window object says of a metric's points in some span. */
export interface PointListing {
  files: FileToRead[];
  /** Spans that were computed anew: points in `(afterMs, untilMs]` of rows before `before` do not count any more. */
  recomputed: { afterMs: number; untilMs: number; before: number }[];
}

/** Files that are read at the same time: a Worker has six connections. */
const FILES_AT_ONCE = 6;

/** More is asked for than fits in memory, or can be read in a while. */
export class TooManyArchivedPointsError extends Error {
  override name = "TooManyArchivedPointsError";
}

/**
 * Reads the archived points of a metric with their ends in `(afterMs, untilMs]`, ascending in their ends. A file that is
 * not there any more has gone by the bucket's own retention.
 *
 * @param mostPoints beyond which it gives up.
 * @param counts is added to.
 * @throws TooManyArchivedPointsError when there are more points than that, or more files than `LIMITS.archivedFiles`.
 */
export async function readPoints(
  { metric, revision }: CompiledMetric,
  { files, recomputed }: PointListing,
  { afterMs, untilMs, mostPoints }: { afterMs: number; untilMs: number; mostPoints: number },
  bucket: ArchiveBucket,
  counts: ReadCounts,
): Promise<SealedPoint[]> {
  if (files.length > LIMITS.archivedFiles) {
    throw new TooManyArchivedPointsError(
      `the question reads ${files.length} files of the archive; the bound is ${LIMITS.archivedFiles}: ask for a shorter span, or a step that is a multiple of 15m`,
    );
  }
  const newest = new Map<string, { seq: number; point: SealedPoint }>();
  const query: RowQuery = {
    nameColumn: "metric",
    timeColumn: "t",
    name: metric.name,
    fromMs: afterMs + 1,
    toMs: untilMs + 1,
    columns: ["group", "value", "items", "state", "revised", "revision", "seq"],
  };
  const take = async (file: FileToRead): Promise<void> => {
    for await (const { read, columns } of readGroups(file, query, bucket, counts)) {
      const at = (column: string, row: number): unknown => columns[column]?.[row];
      for (let row = 0; row < read.rows; row++) {
        const [t, seq] = [Number(at("t", row)), Number(at("seq", row))];
        const name = read.name ?? String(at("metric", row));
        if (name !== metric.name || Number(at("revision", row)) !== revision) continue;
        if (t <= afterMs || t > untilMs) continue;
        if (recomputed.some((span) => seq < span.before && t > span.afterMs && t <= span.untilMs)) continue;
        const key = keyOf(metric.groupBy, JSON.parse(String(at("group", row))) as Group);
        const id = `${t} ${key}`;
        if ((newest.get(id)?.seq ?? -1) > seq) continue;
        const [value, items, state] = [at("value", row), at("items", row), at("state", row)];
        const kept = keptOf(typeof value === "number" ? value : null, textOf(items), textOf(state));
        newest.set(id, { seq, point: [t, key, kept, at("revised", row) === true ? 1 : 0] });
      }
      if (newest.size > mostPoints) {
        throw new TooManyArchivedPointsError(
          `the question reads more than ${mostPoints} points of the archive; ask for a shorter span, or a step that is a multiple of 15m`,
        );
      }
    }
  };
  const waiting = [...files];
  const takeAll = async (): Promise<void> => {
    for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
      try {
        await take(file);
      } catch (error) {
        if (error instanceof ArchiveFileGoneError) continue;
        waiting.length = 0;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: FILES_AT_ONCE }, takeAll));
  return Array.from(newest.values(), ({ point }) => point).sort(([a], [b]) => a - b);
}

function textOf(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}
