/** Rows of a group, at most: about 150 KB, of which a query takes the columns that it needs. */
export const GROUP_MOST_ROWS = 10_000;
/** A name with fewer rows shares a group with others: each group costs half a kilobyte of footer. */
export const GROUP_LEAST_ROWS = 1_000;

/**
 * Cuts rows into groups such that a frequent name has groups of its own: a query for one name then skips all others
 * by their statistics, and need not read the names at all.
 *
 * @param names of the rows, sorted.
 * @returns the size of each group.
 */
export function groupSizes(names: readonly string[]): number[] {
  const sizes: number[] = [];
  let shared = 0;
  const closeShared = (): void => {
    if (shared > 0) sizes.push(shared);
    shared = 0;
  };
  for (const rows of runLengths(names)) {
    if (rows >= GROUP_LEAST_ROWS) {
      closeShared();
      sizes.push(...evenParts(rows));
    } else {
      if (shared + rows > GROUP_MOST_ROWS) closeShared();
      shared += rows;
    }
  }
  closeShared();
  return sizes;
}

function runLengths(names: readonly string[]): number[] {
  const runs: number[] = [];
  let start = 0;
  for (let row = 1; row <= names.length; row++) {
    if (row < names.length && names[row] === names[start]) continue;
    runs.push(row - start);
    start = row;
  }
  return runs;
}

function evenParts(rows: number): number[] {
  const parts = Math.ceil(rows / GROUP_MOST_ROWS);
  return Array.from({ length: parts }, (_, part) => {
    return Math.floor(((part + 1) * rows) / parts) - Math.floor((part * rows) / parts);
  });
}
