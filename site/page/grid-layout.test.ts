import { describe, expect, it } from "vitest";
import type { Panel } from "../../protocol/dashboard.ts";
import { panelSpans } from "./grid-layout.ts";

const tablet = (...widths: number[]) =>
  panelSpans(widths.map((width): Panel => ({ title: "", kind: "line", metric: "m", width, height: 2 }))).map(
    (span) => span.tablet,
  );

describe("panelSpans", () => {
  it.each([
    [[12], [6]],
    [
      [6, 6],
      [3, 3],
    ],
    [
      [4, 4, 4],
      [2, 2, 2],
    ],
    [
      [8, 4],
      [4, 2],
    ],
    [
      [9, 3],
      [4, 2],
    ],
    [
      [3, 3, 3, 3],
      [3, 3, 3, 3],
    ],
    [
      [2, 2, 2, 2, 2, 2],
      [2, 2, 2, 2, 2, 2],
    ],
    [
      [2, 2, 2, 3, 3],
      [2, 2, 2, 3, 3],
    ],
    [
      [7, 5],
      [3, 3],
    ],
    [
      [10, 1, 1],
      [2, 2, 2],
    ],
  ])("[U1] fits a row of %j into six columns as %j", (wide, narrow) => {
    expect(tablet(...wide)).toEqual(narrow);
  });

  it("[U1] leaves no hole: full rows stay full", () => {
    const spans = tablet(3, 3, 3, 3, 6, 6, 8, 4, 12);
    expect(spans.reduce((sum, span) => sum + span, 0) % 6).toBe(0);
  });
});
