import { expect, test } from "vitest";
import { type Definition, parseDefinition, type Shelf } from "./definition.ts";
import { planOf, type Step } from "./plan.ts";

function define(shelf: Shelf, raw: object): Definition {
  const parsed = parseDefinition(shelf, raw);
  if (!parsed.ok) throw new Error(parsed.message);
  return parsed.value;
}
const metric = (name: string, more: object = {}) =>
  define("metrics", {
    name,
    event: "e",
    aggregate: "count",
    window: { type: "tumbling", size: "1m" },
    ...more,
  });
const view = (name: string, of: string) => define("metrics", { name, change: { metric: of, ago: "1d" } });
const board = (name: string, more: object = {}) => define("dashboards", { name, panels: [], ...more });

const said = ({ action, definition }: Step) => `${action} ${definition.kind} ${definition.name}`;
const effects = (wanted: Definition, stored: Definition) =>
  planOf([wanted], [stored], false).steps.map((step) =>
    step.action === "change" ? step.effect : step.action,
  );

test("[M1] creates, changes and leaves alone, metrics before views before dashboards", () => {
  const wanted = [board("b"), view("v", "a"), metric("a"), metric("c", { delay: "3s" }), metric("same")];
  const plan = planOf(wanted, [metric("c"), metric("same"), metric("other")], false);
  expect(plan.steps.map(said)).toEqual([
    "create metric a",
    "change metric c",
    "create view v",
    "create dashboard b",
  ]);
  expect(plan.unchanged.map(({ name }) => name)).toEqual(["same"]);
  expect(plan.unlisted.map(({ name }) => name)).toEqual(["other"]);
});

test("[M1] deletes with --prune only, last, and dashboards before views before their metrics", () => {
  const stored = [metric("a"), metric("old"), view("old_growth", "old"), board("old"), board("kept")];
  const wanted = [metric("new"), metric("a"), board("kept", { title: "Kept" })];
  expect(planOf(wanted, stored, false).steps.map(said)).toEqual([
    "create metric new",
    "change dashboard kept",
  ]);
  const pruned = planOf(wanted, stored, true);
  expect(pruned.steps.map(said)).toEqual([
    "create metric new",
    "change dashboard kept",
    "delete dashboard old",
    "delete view old_growth",
    "delete metric old",
  ]);
  expect(pruned.unlisted).toEqual([]);
});

test("[M1] says whether a changed metric goes on or begins anew", () => {
  expect(effects(metric("a", { delay: "5s", lateness: "1h" }), metric("a"))).toEqual(["goes on"]);
  expect(effects(metric("a", { window: { type: "tumbling", size: "60s" } }), metric("a"))).toEqual([
    "goes on",
  ]);
  expect(effects(metric("a", { where: "x = 1" }), metric("a"))).toEqual(["begins anew"]);
  expect(effects(metric("a", { groupBy: ["x"] }), metric("a"))).toEqual(["begins anew"]);
  const unknown: Definition = { kind: "metric", name: "a", source: { name: "a", aggregate: "median(x)" } };
  expect(effects(metric("a"), unknown)).toEqual(["begins anew"]);
});

test("[M1] a view and a metric may take each other's place", () => {
  expect(planOf([view("a", "b")], [metric("a")], true).steps.map(said)).toEqual(["change view a"]);
  expect(effects(metric("a"), view("a", "b"))).toEqual([undefined]);
});

test("[M1] names of metrics and of dashboards do not meet", () => {
  expect(planOf([board("a")], [metric("a")], true).steps.map(said)).toEqual([
    "create dashboard a",
    "delete metric a",
  ]);
});

test("[M1] what the server would hold after the plan needs no further one", () => {
  const wanted = [metric("a", { delay: "9s" }), view("v", "a"), board("b")];
  expect(planOf(wanted, wanted, true).steps).toEqual([]);
});
