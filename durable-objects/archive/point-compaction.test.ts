import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type ArchivedPoints, compactDueMs, pointsToCompact } from "./point-compaction.ts";

const HOUR = 3_600_000;
const DAY_MS = Date.parse("2026-11-20T00:00:00Z");

/** Batches of rows, each of some files, as `[rows, text]` of each file. */
function filesOf(batches: readonly (readonly (readonly [number, number])[])[]): ArchivedPoints[] {
  return batches.flatMap((files, batch) =>
    files.map(([rows, textBytes], hour) => {
      const [from, to] = [batch * 10 + 1, batch * 10 + 8];
      const beginMs = DAY_MS + ((batch + hour) % 24) * HOUR;
      return { path: `${hour}/w-${from}-${to}`, beginMs, from, to, rows, textBytes };
    }),
  );
}

const batch = fc.array(fc.tuple(fc.nat(60_000), fc.nat(5_000_000)), { minLength: 1, maxLength: 4 });

describe("[C1] which files of points become one", () => {
  it("[C1] whole batches that follow one another: no range of a file that stays lies within that of the new one", () => {
    fc.assert(
      fc.property(fc.array(batch, { maxLength: 30 }), (batches) => {
        let files = filesOf(batches);
        const wasRows = files.reduce((sum, { rows }) => sum + rows, 0);
        for (let inputs = pointsToCompact(files); inputs.length > 0; inputs = pointsToCompact(files)) {
          expect(inputs.length).toBeGreaterThanOrEqual(4);
          const from = Math.min(...inputs.map((input) => input.from));
          const to = Math.max(...inputs.map((input) => input.to));
          const rows = inputs.reduce((sum, input) => sum + input.rows, 0);
          const textBytes = inputs.reduce((sum, input) => sum + input.textBytes, 0);
          expect(rows <= 100_000 && textBytes <= 8 * 2 ** 20).toBe(true);
          expect(inputs.some((input) => input.from === from && input.to === to)).toBe(false);
          files = files.filter((file) => !inputs.includes(file));
          expect(files.some((file) => file.from >= from && file.to <= to)).toBe(false);
          files = [
            ...files,
            { ...inputs[0], path: `new/w-${from}-${to}`, from, to, rows, textBytes } as ArchivedPoints,
          ];
          files.sort((a, b) => a.from - b.from);
        }
        expect(files.reduce((sum, { rows }) => sum + rows, 0)).toBe(wasRows);
      }),
    );
  });

  it("[C1] of a quiet day all, of a busy one as many as fit, of large ones none", () => {
    const hourly = (rows: number) =>
      filesOf(
        Array.from(
          { length: 24 },
          () =>
            [
              [rows, 1_000],
              [rows, 1_000],
            ] as const,
        ),
      );
    expect(pointsToCompact(hourly(60))).toHaveLength(48);
    expect(pointsToCompact(hourly(18_000))).toHaveLength(4);
    expect(pointsToCompact(hourly(30_000))).toEqual([]);
    expect(pointsToCompact(hourly(60).slice(0, 2))).toEqual([]);
  });

  it("[C1] when the day is over, and no file of it has come for three hours", () => {
    expect(compactDueMs(DAY_MS, DAY_MS + HOUR)).toBe(DAY_MS + 27 * HOUR);
    expect(compactDueMs(DAY_MS, DAY_MS + 30 * HOUR)).toBe(DAY_MS + 33 * HOUR);
  });
});
