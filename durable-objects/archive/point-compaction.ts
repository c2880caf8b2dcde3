import { DAY_MS } from "./point-path.ts";

/** A file of points that were not rolled up, as the catalogue of its window object has it. */
export interface ArchivedPoints {
  path: string;
  /** When its first hour begins, epoch ms. */
  beginMs: number;
  /** First and last row of the range that it was written from. */
  from: number;
  to: number;
  rows: number;
  textBytes: number;
}

/** What is put together at most: all of it is in memory at once. A batch of rows with less than half of that is small. */
const MOST_ROWS = 100_000;
const MOST_TEXT_BYTES = 8 * 1024 * 1024;
/** Fewer files than this are not worth their requests. */
const COMPACT_FILES = 4;
/** A day is compacted when it is over and no file of it has come for so long: points are archived every hour. */
const SETTLED_MS = 3 * 3_600_000;

/** When the files of a day may be put together of which one has come now, epoch ms. */
export function compactDueMs(dayMs: number, nowMs: number): number {
  return Math.max(nowMs, dayMs + DAY_MS) + SETTLED_MS;
}

/**
 * The next files of one day to be put together: all files of two or more batches of rows that follow one another. The range
 * of the file that they become is then larger than that of each, and holds no range of a file that stays.
 *
 * @param files of one day, in the order of their rows.
 * @returns an empty array when there are none.
 */
export function pointsToCompact(files: readonly ArchivedPoints[]): ArchivedPoints[] {
  const batches = Map.groupBy(files, ({ from, to }) => `${from}-${to}`);
  let run: ArchivedPoints[][] = [];
  for (const batch of batches.values()) {
    const isSmall = fits([batch, batch]);
    if (!isSmall) {
      if (isWorthIt(run)) break;
      run = [];
      continue;
    }
    if (fits([...run, batch])) run.push(batch);
    else if (isWorthIt(run)) break;
    else run = [batch];
  }
  return isWorthIt(run) ? run.flat() : [];
}

function fits(batches: readonly (readonly ArchivedPoints[])[]): boolean {
  const files = batches.flat();
  const rows = files.reduce((sum, file) => sum + file.rows, 0);
  return rows <= MOST_ROWS && files.reduce((sum, file) => sum + file.textBytes, 0) <= MOST_TEXT_BYTES;
}

function isWorthIt(batches: readonly (readonly ArchivedPoints[])[]): boolean {
  return batches.length > 1 && batches.flat().length >= COMPACT_FILES;
}
