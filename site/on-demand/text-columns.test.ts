import { describe, expect, it } from "vitest";
import { columnsOf } from "./text-columns.ts";

const widthOf = (text: string): number => text.length * 7;
const line = (...texts: string[]) => texts.map((text, i) => ({ text, isFigure: i > 0 }));

describe("columns of text in an image", () => {
  it("[U4] are as wide as their texts, do not overlap and fill the room", () => {
    const columns = columnsOf(
      [line("Window's end", "a", "b"), line("Nov 26, 07:13:45", "1.23k", "4")],
      widthOf,
      400,
    );
    expect(columns.map(({ left, right }) => right - left)).toEqual([400 - 35 - 7 - 24, 35, 7]);
    for (const [i, { left }] of columns.entries())
      expect(left).toBe(i === 0 ? 0 : (columns[i - 1]?.right ?? 0) + 12);
    expect(columns.at(-1)?.right).toBe(400);
  });

  it("[U4] leave a long name less room than it asks for, and the figures theirs", () => {
    const columns = columnsOf([line("x".repeat(120), "1.23k")], widthOf, 400);
    expect(columns.map(({ left, right }) => right - left)).toEqual([400 - 35 - 12, 35]);
  });

  it("[U4] take more room than there is when there are many", () => {
    const names = Array.from({ length: 13 }, (_, i) => `group-${i}-${"y".repeat(40)}`);
    const columns = columnsOf([line(...names)], widthOf, 400);
    expect(columns.at(-1)?.right).toBe(13 * 240 + 12 * 12);
  });

  it("[U4] are none of no lines", () => {
    expect(columnsOf([], widthOf, 400)).toEqual([]);
  });
});
