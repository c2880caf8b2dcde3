import { describe, expect, it } from "vitest";
import type { TailAnswer } from "../../protocol/observe.ts";
import { NO_ROWS, tailNote, withAnswer } from "./tail-rows.ts";

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
    expect([rows.cursor, tailNote(rows, false)]).toEqual(["4", expect.stringMatching(/^All that come /)]);
    const many = withAnswer(
      rows,
      answer(
        Array.from({ length: 300 }, (_, i) => i),
        300,
      ),
    );
    expect(many.rows).toHaveLength(200);
  });

  it("[U8] do not say that there is nothing before somebody has looked", () => {
    expect(tailNote(NO_ROWS, true)).toBe("Looking at the newest events…");
    const none = withAnswer(NO_ROWS, { ...answer([], 0), cursor: "7" });
    expect(tailNote(none, true)).toBe("None of the newest events matches, and none that came since.");
    expect(tailNote(none, false)).toBe("No event has come yet.");
  });

  it("[U8] say what of all that matched was not shown", () => {
    const first = withAnswer(NO_ROWS, answer([0], 9_000));
    expect(tailNote(first, true)).toMatch(/^All that match of the newest/);
    const rows = withAnswer(withAnswer(first, answer([1], 40)), answer([2], 1, 7));
    expect(tailNote(rows, true)).toBe(
      "A sample: 39 matching events not shown, 7 records passed over, because too many came at once.",
    );
  });
});
