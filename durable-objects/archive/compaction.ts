/** What is put together at most: all of it is in memory at once. A file of less than half of that is small. */
const MOST_ROWS = 50_000;
const MOST_TEXT_BYTES = 8 * 1024 * 1024;
/** Fewer files than this are not worth their requests. */
const COMPACT_FILES = 4;
/** An hour is compacted when it is over and no file of it has come for so long. */
export const COMPACT_QUIET_MS = 15 * 60_000;
/** A file that another has replaced is kept for whoever began to read before. */
export const GARBAGE_AFTER_MS = 10 * 60_000;

interface Size {
  rows: number;
  textBytes: number;
}

/** Whether a file is to be put together with others. */
export function isSmall({ rows, textBytes }: Size): boolean {
  return rows < MOST_ROWS / 2 && textBytes < MOST_TEXT_BYTES / 2;
}

/**
 * The next files of one hour to be put together, in the order of the log. They are neighbours: the range of the file
 * that they become then holds no range of a file that stays.
 *
 * @returns an empty array when there are none.
 */
export function filesToCompact<F extends Size>(files: readonly F[]): F[] {
  let run: F[] = [];
  let rows = 0;
  let textBytes = 0;
  for (const file of files) {
    const tooMuch = rows + file.rows > MOST_ROWS || textBytes + file.textBytes > MOST_TEXT_BYTES;
    if (!isSmall(file) || tooMuch) {
      if (run.length >= COMPACT_FILES) return run;
      run = [];
      [rows, textBytes] = [0, 0];
    }
    if (!isSmall(file)) continue;
    run.push(file);
    rows += file.rows;
    textBytes += file.textBytes;
  }
  return run.length >= COMPACT_FILES ? run : [];
}
