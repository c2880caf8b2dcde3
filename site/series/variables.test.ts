import { expect, it } from "vitest";
import type { Panel } from "../../protocol/dashboard.ts";
import { toneOf } from "../panels/threshold-tone.ts";
import { chosenValues, narrowedGroups } from "./variables.ts";

const PANEL: Panel = { title: "P", kind: "line", metric: "m", width: 6, height: 2 };
const METRIC = {
  name: "m",
  event: "e",
  aggregate: "count",
  window: { type: "tumbling", size: "1s" },
  groupBy: ["site", "country"],
} as const;

it("[U4] a variable's value is read from the address, and only those that the dashboard has", () => {
  const variables = [{ name: "site", title: "Site", metric: "m" }];
  expect([...chosenValues("?var.site=a%20b&var.other=x&site=y", variables)]).toEqual([["site", "a b"]]);
});

it("[U4] a panel is held to it if its metric has the key", () => {
  const metric = { ...METRIC, groupBy: [...METRIC.groupBy] };
  const values = new Map([["site", "a"]]);
  expect(narrowedGroups(PANEL, metric, values)).toEqual([{ site: "a" }]);
  const groups = [{ country: "DE" }, { country: "FR" }];
  expect(narrowedGroups({ ...PANEL, groups }, metric, values)).toEqual([
    { country: "DE", site: "a" },
    { country: "FR", site: "a" },
  ]);
  expect(narrowedGroups(PANEL, { ...metric, groupBy: ["host"] }, values)).toBe(undefined);
  expect(narrowedGroups(PANEL, undefined, values)).toBe(undefined);
});

it("[U4] the gravest threshold counts, each on its own side", () => {
  const warning = { value: 50, tone: "warning", when: "above" } as const;
  const critical = { value: 90, tone: "critical", when: "above" } as const;
  const low = { value: 5, tone: "critical", when: "below" } as const;
  expect(toneOf(95, [warning, critical])).toBe(critical);
  expect(toneOf(50, [warning, critical])).toBe(warning);
  expect(toneOf(49, [warning, critical, low])).toBe(undefined);
  expect(toneOf(4, [warning, low])).toBe(low);
  expect(toneOf(undefined, [low])).toBe(undefined);
});
