import { describe, expect, it } from "vitest";
import { parseAlert } from "../../../protocol/alert.ts";
import { parseMetric } from "../../../protocol/metric.ts";
import type { Group, PointState, Series } from "../../../protocol/series.ts";
import { rehearse } from "./rehearsal.ts";

const S = 1_000;
const FROM = 100 * S;

/** What a rule fires over counts of a second by site, as `site fired-resolved`, in seconds after the first. */
function tried(
  rule: { condition: string; for?: string; groups?: Group[] },
  counts: Record<string, [second: number, v: number, s?: PointState][]>,
  toMs = FROM + 10 * S,
  aggregate = "count",
): string[] {
  const parsed = parseAlert("tried", { metric: "clicks", ...rule });
  const metric = parseMetric("clicks", {
    event: "click",
    aggregate,
    window: { type: "tumbling", size: "1s" },
    groupBy: ["site"],
  });
  if (!parsed.ok || !metric.ok) throw new Error("a definition is wrong");
  const series = Object.entries(counts).map(([site, points]): Series => {
    const t = points.map(([second]) => FROM + second * S);
    return { group: { site }, t, v: points.map(([, v]) => v), s: points.map(([, , s = 3]) => s) };
  });
  const after = (ms: number | null) => (ms === null ? "" : (ms - FROM) / S);
  return rehearse(parsed.value, { metric: metric.value, isView: false, series, fromMs: FROM, toMs }).map(
    ({ group, firedAt, resolvedAt }) => `${group["site"]} ${after(firedAt)}-${after(resolvedAt)}`,
  );
}

describe("[A1] a rule that is tried on past points", () => {
  it("[A1] is resolved by the first window in which its condition does not hold, with or without a point", () => {
    expect(
      tried(
        { condition: "> 3" },
        {
          a: [
            [1, 4],
            [2, 5],
            [3, 1],
          ],
          b: [
            [4, 9],
            [6, 9],
          ],
        },
      ),
    ).toEqual(["a 1-3", "b 4-5", "b 6-7"]);
  });

  it("[A1] hears that nothing comes, where nothing came after it, or ever", () => {
    const groups = [{ site: "a" }];
    expect(
      tried(
        { condition: "no data", groups },
        {
          a: [
            [1, 4],
            [2, 4],
          ],
        },
      ),
    ).toEqual(["a 3-"]);
    expect(tried({ condition: "no data", for: "4s", groups }, { a: [[1, 4]] })).toEqual(["a 6-"]);
    expect(tried({ condition: "no data", groups }, {})).toEqual(["a 1-"]);
    expect(tried({ condition: "< 1", groups }, { a: [[2, 4]] })).toEqual(["a 1-2", "a 3-"]);
    // Whose name nobody told is missed from when it has been seen.
    expect(tried({ condition: "no data" }, { b: [[4, 1]] })).toEqual(["b 5-"]);
    expect(tried({ condition: "< 1", groups }, {}, undefined, "avg(value)")).toEqual([]);
  });

  it("[A1] takes no window that may still be open", () => {
    const groups = [{ site: "a" }];
    expect(tried({ condition: "no data", groups }, { a: [[1, 4]] }, FROM + S)).toEqual([]);
    expect(
      tried(
        { condition: "no data", groups },
        {
          a: [
            [1, 4],
            [2, 1, 0],
          ],
        },
      ),
    ).toEqual([]);
    expect(
      tried(
        { condition: "no data", groups },
        {
          a: [
            [1, 4],
            [4, 1, 0],
          ],
        },
      ),
    ).toEqual(["a 2-"]);
  });
});
