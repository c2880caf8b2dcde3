import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Panel } from "../../protocol/dashboard.ts";
import { gridRows, panelSpans } from "../../site/page/grid-layout.ts";
import { packPanels } from "./pack-panels.ts";

const panel = (title: string, width: number, height: number): Panel => ({
  title,
  kind: "line",
  metric: "m",
  width,
  height,
});
const sizes = (panels: readonly Panel[]) => panels.map(({ title, width, height }) => [title, width, height]);
const without = (titles: string) => (each: Panel) => !titles.includes(each.title);

/** Panels `a`, `b` … of any size, and the titles of those that are left out. */
const dashboards = fc
  .array(fc.record({ width: fc.integer({ min: 1, max: 12 }), height: fc.integer({ min: 1, max: 5 }) }), {
    maxLength: 9,
  })
  .chain((boxes) => {
    const panels = boxes.map(({ width, height }, i) => panel(String.fromCharCode(97 + i), width, height));
    return fc.record({
      panels: fc.constant(panels),
      left: fc.subarray("abcdefghi".split("")).map((titles) => titles.join("")),
    });
  });

interface Box {
  width: number;
  height: number;
}

/** Where CSS puts boxes into a grid, by its words (`grid-auto-flow: row`, not dense): the cells that each takes. */
function autoPlaced(boxes: readonly Box[], columns: number): string[][] {
  const taken = new Set<string>();
  const cells = (row: number, column: number, { width, height }: Box): string[] =>
    Array.from(
      { length: width * height },
      (_, i) => `${row + Math.floor(i / width)},${column + (i % width)}`,
    );
  let [row, column] = [0, 0];
  return boxes.map((box) => {
    for (;;) {
      if (column + box.width > columns) [row, column] = [row + 1, 0];
      const own = cells(row, column, box);
      if (own.every((cell) => !taken.has(cell))) {
        for (const cell of own) taken.add(cell);
        return own;
      }
      column++;
    }
  });
}

/** Whether boxes fill a rectangle of all columns, each cell once. */
function isWhole(boxes: readonly Box[], columns: number): boolean {
  const cells = autoPlaced(boxes, columns).flat();
  const rows = Math.max(0, ...cells.map((cell) => Number(cell.split(",")[0]) + 1));
  return new Set(cells).size === cells.length && cells.length === rows * columns;
}

/** The least height of all ways to break a list into rows, by trying each. */
function leastHeight(panels: readonly Panel[]): number {
  if (panels.length === 0) return 0;
  const ways = panels.flatMap((_, i) => {
    const row = panels.slice(0, i + 1);
    const width = row.reduce((sum, each) => sum + each.width, 0);
    if (width > 12) return [];
    return [Math.max(...row.map(({ height }) => height)) + leastHeight(panels.slice(i + 1))];
  });
  return Math.min(...ways);
}

describe("packPanels", () => {
  it("[U4] a grid that is shown whole stays as it was made, with its holes", () => {
    fc.assert(
      fc.property(dashboards, ({ panels }) => {
        expect(packPanels(panels, () => true)).toEqual(panels);
      }),
    );
  });

  it("[U4] who stood beside a panel that is left out takes its room; other rows stay", () => {
    const panels = [panel("a", 8, 3), panel("b", 4, 3), panel("c", 6, 2), panel("d", 6, 2), panel("e", 3, 1)];
    expect(sizes(packPanels(panels, without("be")))).toEqual([
      ["a", 12, 3],
      ["c", 6, 2],
      ["d", 6, 2],
    ]);
  });

  it("[U4] what is left of rows that lost panels is put together", () => {
    const panels = [panel("a", 3, 1), panel("b", 9, 2), panel("c", 6, 2), panel("d", 6, 2)];
    expect(sizes(packPanels(panels, without("bd")))).toEqual([
      ["a", 4, 2],
      ["c", 8, 2],
    ]);
  });

  it("[U4] a grid of which a link leaves panels out has no hole, wide or narrow, and keeps its order", () => {
    fc.assert(
      fc.property(dashboards, ({ panels, left }) => {
        const isShown = without(left);
        fc.pre(!panels.every(isShown));
        const packed = packPanels(panels, isShown);
        expect(packed.map(({ title }) => title)).toEqual(panels.filter(isShown).map(({ title }) => title));
        const narrow = panelSpans(packed).map(({ tablet }, i) => ({
          width: tablet,
          height: packed[i]?.height ?? 0,
        }));
        expect([isWhole(packed, 12), isWhole(narrow, 6)]).toEqual([true, true]);
      }),
      { numRuns: 2_000 },
    );
  });

  it("[U4] it is never higher than before, and of rows that all lost panels the lowest there is", () => {
    fc.assert(
      fc.property(dashboards, ({ panels, left }) => {
        const isShown = without(left);
        expect(gridRows(packPanels(panels, isShown))).toBeLessThanOrEqual(gridRows(panels));
      }),
    );
    fc.assert(
      fc.property(dashboards, ({ panels }) => {
        // Two in a row, of which the second is left out: no row stays.
        const pairs = panels.flatMap(({ title, width, height }) => [
          panel(title, Math.min(width, 11), height),
          panel("-", 12 - Math.min(width, 11), 1),
        ]);
        const shown = pairs.filter(without("-"));
        expect(gridRows(packPanels(pairs, without("-")))).toBe(shown.length === 0 ? 0 : leastHeight(shown));
      }),
    );
  });
});
