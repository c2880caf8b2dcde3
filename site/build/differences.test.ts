import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Dashboard, Panel } from "../../protocol/dashboard.ts";
import { isSameJson } from "../../protocol/changed-fields.ts";
import { type Difference, differencesOf } from "./differences.ts";

const panel = (title: string, more: Partial<Panel> = {}): Panel => ({
  title,
  kind: "line",
  metric: `m_${title}`,
  width: 6,
  height: 3,
  ...more,
});
const dashboard = (panels: Panel[], more: Partial<Dashboard> = {}): Dashboard => ({
  name: "shop",
  title: "Shop",
  range: "15m",
  panels,
  ...more,
});
const [a, b, c, d] = [panel("a"), panel("b"), panel("c"), panel("d")];

describe("what differs between theirs and mine", () => {
  it("[U11] of a metric: each field, with both values, as they are in JSON", () => {
    const theirs = {
      name: "x",
      event: "ad",
      where: "country = 'DE'",
      window: { type: "tumbling", size: "10s" },
    };
    const mine = { name: "x", event: "ad", window: { size: "1m", type: "tumbling" }, groupBy: ["site"] };
    expect(differencesOf(theirs, mine)).toEqual([
      { field: "where", theirs: "country = 'DE'", mine: undefined },
      { field: "window.size", theirs: "10s", mine: "1m" },
      { field: "groupBy", theirs: undefined, mine: '["site"]' },
    ]);
  });

  it("[U11] of a dashboard: panels that only one has, and what is changed of those that both have", () => {
    const theirs = dashboard([a, b, panel("c", { unit: "ms" })], { range: "1h" });
    const mine = dashboard([a, panel("c", { kind: "bars", width: 12 }), d]);
    expect(differencesOf(theirs, mine)).toEqual([
      { field: "range", theirs: "1h", mine: "15m" },
      { panel: "c", field: "kind", theirs: "line", mine: "bars" },
      { panel: "c", field: "width", theirs: "6", mine: "12" },
      { panel: "c", field: "unit", theirs: "ms", mine: undefined },
      { panel: "b", theirs: "line of m_b, 6 × 3", mine: undefined },
      { panel: "d", theirs: undefined, mine: "line of m_d, 6 × 3" },
    ]);
  });

  it("[U11] a panel is known again by its metric when its title is another, and by its title when its metric is", () => {
    const theirs = dashboard([a, b]);
    expect(
      differencesOf(
        theirs,
        dashboard([
          { ...a, title: "z" },
          { ...b, metric: "m_y" },
        ]),
      ),
    ).toEqual([
      { panel: "a", field: "title", theirs: "a", mine: "z" },
      { panel: "b", field: "metric", theirs: "m_b", mine: "m_y" },
    ]);
  });

  it("[U11] of panels in another order, those are named that were moved, and no other", () => {
    const place = (title: string, theirs: string, mine: string) => ({
      panel: title,
      field: "place",
      theirs,
      mine,
    });
    expect(differencesOf(dashboard([a, b, c, d]), dashboard([d, a, b, c]))).toEqual([place("d", "4", "1")]);
    expect(differencesOf(dashboard([a, b, c, d]), dashboard([b, c, a, d]))).toEqual([place("a", "1", "3")]);
    // One less before it is no move.
    expect(differencesOf(dashboard([a, b, c]), dashboard([b, c]))).toHaveLength(1);
  });

  it("[U11] of long values the part is shown in which they differ", () => {
    const long = (end: string) => ({
      where: `${"country = 'DE' or ".repeat(30)}${end}${" or true".repeat(40)}`,
    });
    const [only] = differencesOf(long("device = 'phone'"), long("device = 'tablet'")) as [Difference];
    expect(only.theirs).toMatch(/^….*'phone'.*…$/);
    expect(only.mine).toMatch(/^….*'tablet'.*…$/);
    expect(only.theirs?.length).toBeLessThanOrEqual(122);
  });

  it("[U11] of any two dashboards there is none exactly when they are the same", () => {
    const panels = fc.array(
      fc.record({
        title: fc.constantFrom("a", "b", "c"),
        kind: fc.constantFrom("line" as const, "bars" as const),
        metric: fc.constantFrom("x", "y"),
        width: fc.constantFrom(4, 6),
        height: fc.constant(3),
      }),
      { maxLength: 6 },
    );
    fc.assert(
      fc.property(panels, panels, (theirs, mine) => {
        const differences = differencesOf(dashboard(theirs), dashboard(mine));
        expect(differences.length === 0).toBe(isSameJson(theirs, mine));
      }),
    );
  });
});
