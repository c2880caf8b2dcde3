import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseFiles } from "../../client/node/apply/parse-files.ts";
import type { Panel } from "../../protocol/dashboard.ts";
import type { MetricSource } from "../../protocol/metric.ts";
import {
  type Draft,
  fileOf,
  freeName,
  movePanel,
  namedFor,
  nameFrom,
  newDraft,
  putPanel,
  removePanel,
  resizePanel,
} from "./draft.ts";

const panel = (title: string): Panel => ({ title, kind: "line", metric: `m_${title}`, width: 6, height: 2 });
const metric = (title: string): MetricSource => {
  return {
    name: `m_${title}`,
    event: "e",
    aggregate: "count",
    window: { type: "tumbling", size: "1s" },
  };
};

function draftOf(...titles: string[]): Draft {
  return titles.reduce(
    (draft, title) => putPanel(draft, panel(title), undefined, metric(title)),
    newDraft([]),
  );
}

const titles = ({ dashboard }: Draft): string => dashboard.panels.map(({ title }) => title).join("");

describe("[U11] a draft", () => {
  it("[U11] says which names of metrics are taken, by the catalog or by another panel", () => {
    const draft = draftOf("a", "b");
    const [first] = draft.dashboard.panels;
    const stored = new Map<string, object>([["m_c", metric("c")]]);
    expect([...namedFor(undefined, draft, stored).keys()]).toEqual(["m_c", "m_a", "m_b"]);
    expect([...namedFor(first, draft, stored).keys()]).toEqual(["m_c", "m_b"]);
    const twice = putPanel(draft, { ...panel("a"), title: "again" }, undefined, undefined);
    expect([...namedFor(first, twice, stored).keys()]).toEqual(["m_c", "m_a", "m_b"]);
    // What a change of it replaces is what the catalog has.
    const old = { ...metric("a"), where: "old" };
    expect(namedFor(first, twice, new Map([["m_a", old]])).get("m_a")).toBe(old);
  });

  it("[U11] moves panels to any place and no further", () => {
    expect(titles(movePanel(draftOf("a", "b", "c"), 0, 2))).toBe("bca");
    expect(titles(movePanel(draftOf("a", "b", "c"), 2, 0))).toBe("cab");
    expect(titles(movePanel(draftOf("a", "b", "c"), 1, 99))).toBe("acb");
    const same = draftOf("a");
    expect(movePanel(same, 0, -5)).toBe(same);
    expect(movePanel(same, 7, 0)).toBe(same);
  });

  it("[U11] sizes panels within the grid", () => {
    const sizes = [
      [99, 99, 12, 12],
      [0, 0, 2, 1],
      [4.4, 2.6, 4, 3],
    ] as const;
    for (const [width, height, w, h] of sizes) {
      expect(resizePanel(draftOf("a"), 0, width, height).dashboard.panels[0]).toMatchObject({
        width: w,
        height: h,
      });
    }
  });

  it("[U11] brings along the metrics that its panels show, and no others", () => {
    const draft = removePanel(draftOf("a", "b"), 0);
    expect(Object.keys(draft.metrics)).toEqual(["m_b"]);
    const replaced = putPanel(draft, panel("c"), 0, metric("c"));
    expect([titles(replaced), Object.keys(replaced.metrics)]).toEqual(["c", ["m_c"]]);
  });

  it("[U11] is a file that the server and freshet apply take, whatever was done to it", () => {
    const act = fc.tuple(
      fc.constantFrom("move", "size", "remove"),
      fc.integer({ min: -3, max: 9 }),
      fc.integer(),
    );
    fc.assert(
      fc.property(fc.array(act, { maxLength: 20 }), (acts) => {
        let draft = draftOf("a", "b", "c", "d");
        for (const [what, index, n] of acts) {
          if (what === "move") draft = movePanel(draft, index, n);
          else if (what === "size") draft = resizePanel(draft, index, n, -n);
          else draft = removePanel(draft, index);
        }
        const { definitions, faults } = parseFiles([{ path: "draft.json", text: fileOf(draft) }]);
        expect(faults).toEqual([]);
        const used = new Set(draft.dashboard.panels.map((each) => each.metric));
        expect(definitions).toHaveLength(used.size + 1);
      }),
      { numRuns: 60 },
    );
  });

  it("[U11] has a name that is free and fits an address", () => {
    expect(freeName("clicks", ["clicks", "clicks_2"])).toBe("clicks_3");
    expect(nameFrom("  Ad clicks, live! ")).toBe("ad_clicks_live");
    expect(nameFrom("Größe für São Paulo")).toBe("gro_e_fur_sao_paulo");
    expect(nameFrom("日本")).toBe("dashboard");
    expect(newDraft(["dashboard"]).dashboard.name).toBe("dashboard_2");
  });
});
