/** A file of fewer rows is put together with its neighbours; more rows than this are not put together. */
export const COMPACT_ROWS = 50_000;
const SMALL_ROWS = COMPACT_ROWS / 2;
/** Fewer files than this are not worth their requests. */
const COMPACT_FILES = 4;
/** An hour is compacted when it is over and no file of it has come for so long. */
export const COMPACT_QUIET_MS = 15 * 60_000;
/** A file that another has replaced is kept for whoever began to read before. */
export const GARBAGE_AFTER_MS = 10 * 60_000;

/** Whether a file is to be put together with others. */
export function isSmall({ rows }: { rows: number }): boolean {
  return rows < SMALL_ROWS;
}

/**
 * The next files of one hour to be put together, in the order of the log. They are neighbours: the range of the file
 * that they become then holds no range of a file that stays.
 *
 * @returns an empty array when there are none.
 */
export function filesToCompact<F extends { rows: number }>(files: readonly F[]): F[] {
  let run: F[] = [];
  let rows = 0;
  for (const file of files) {
    if (!isSmall(file) || rows + file.rows > COMPACT_ROWS) {
      if (run.length >= COMPACT_FILES) return run;
      run = [];
      rows = 0;
    }
    if (!isSmall(file)) continue;
    run.push(file);
    rows += file.rows;
  }
  return run.length >= COMPACT_FILES ? run : [];
}
