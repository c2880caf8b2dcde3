import { describe, expect, it } from "vitest";
import type { TailAnswer } from "../../protocol/observe.ts";
import { leftOut, NO_ROWS, withAnswer } from "./tail-rows.ts";

function answer(offsets: readonly number[], matched: number, skippedRecords = 0): TailAnswer {
  return {
    events: offsets.map((offset) => ({
      partition: 0,
      offset,
      line: 0,
      event: { name: "e", ts: offset },
      batch: "b",
      receivedAtMs: offset,
    })),
    cursor: String(offsets.at(-1)),
    matched,
    sample: { records: 1, events: matched, fromMs: 0, toMs: 0, skippedRecords },
  };
}

describe("[U8] the rows of the tail", () => {
  it("[U8] are the newest first, bounded, with the cursor to go on from", () => {
    const rows = withAnswer(withAnswer(NO_ROWS, answer([1, 2], 2)), answer([3, 4], 2));
    expect(rows.rows.map(({ offset }) => offset)).toEqual([4, 3, 2, 1]);
    expect([rows.cursor, leftOut(rows)]).toEqual(["4", undefined]);
    const many = withAnswer(
      rows,
      answer(
        Array.from({ length: 300 }, (_, i) => i),
        300,
      ),
    );
    expect(many.rows).toHaveLength(200);
  });

  it("[U8] say what of all that matched was not shown", () => {
    const first = withAnswer(NO_ROWS, answer([0], 9_000));
    expect(leftOut(first)).toBeUndefined();
    const rows = withAnswer(withAnswer(first, answer([1], 40)), answer([2], 1, 7));
    expect(leftOut(rows)).toBe(
      "A sample: 39 matching events not shown, 7 records passed over, because too many came at once.",
    );
  });
});
