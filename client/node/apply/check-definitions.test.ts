import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { LIMITS } from "../../../protocol/limits.ts";
import { emptyPanels, faultsAgainst, faultsAmong } from "./check-definitions.ts";
import { storedDefinition } from "./definition.ts";
import { type FileDefinition, parseFiles } from "./parse-files.ts";

const metric = (name: string, size = "1s", more: object = {}) => ({
  name,
  event: "e",
  aggregate: "count",
  window: { type: "tumbling", size },
  ...more,
});
const RATE = { name: "rate", ratio: { numerator: "orders", denominator: "visits" } };

function files(...metrics: unknown[]): FileDefinition[] {
  const { definitions, faults } = parseFiles([{ path: "f", text: JSON.stringify({ metrics }) }]);
  expect(faults).toEqual([]);
  return definitions;
}
const stored = (...metrics: { name: string }[]) => metrics.map((raw) => storedDefinition("metrics", raw));

test("[M1] a view may be of metrics of the files and of the server", () => {
  expect(faultsAgainst(files(metric("orders"), RATE), stored(metric("visits")), false)).toEqual([]);
});

test("[M1] a view whose metric is nowhere is refused, and one whose metric --prune would delete", () => {
  const missing = "f: metrics[1] \"rate\": there is no metric 'visits' to compute the view from";
  expect(faultsAgainst(files(metric("orders"), RATE), [], false)).toEqual([missing]);
  expect(faultsAgainst(files(metric("orders"), RATE), stored(metric("visits")), true)).toEqual([missing]);
});

test("[M1] a view is held against metrics as they will be, not as they are", () => {
  const server = stored(metric("orders", "1m"), metric("visits", "1m"));
  const unlike = "f: metrics[1] \"rate\": the windows of 'orders' and 'visits' differ in size or step";
  expect(faultsAgainst(files(metric("orders"), RATE), server, false)).toEqual([unlike]);
  expect(faultsAgainst(files(metric("orders"), metric("visits"), RATE), server, false)).toEqual([]);
});

test("[M1] a change that would break a view which the files leave alone is refused", () => {
  const server = stored(metric("orders"), metric("visits"), RATE);
  const broken = "the server's view 'rate', which is in no file: the windows of 'orders' and 'visits' differ";
  expect(faultsAgainst(files(metric("orders", "1m")), server, false)).toEqual([
    expect.stringContaining(broken),
  ]);
  expect(faultsAgainst(files(metric("orders", "1m")), server, true)).toEqual([]);
  const before = stored(metric("orders", "5m"), metric("visits"), RATE);
  expect(faultsAgainst(files(metric("orders", "1m")), before, false)).toEqual([]);
});

test("[M1] without the server, views are checked as far as the files go", () => {
  const ranking = metric("visits", "1s", { aggregate: "topk(3, page)" });
  expect(faultsAmong(files(metric("orders"), RATE))).toEqual([]);
  expect(faultsAmong(files(metric("orders"), ranking, RATE))).toEqual([
    "f: metrics[2] \"rate\": the metric 'visits' is a ranking, which no view can be of",
  ]);
});

test("[M1] more metrics than a project may have are refused before the first is sent", () => {
  const server = stored(...Array.from({ length: LIMITS.metricsPerProject - 1 }, (_, i) => metric(`m${i}`)));
  expect(faultsAgainst(files(metric("m0", "1m"), metric("new")), server, false)).toEqual([]);
  // What is pruned makes room.
  expect(faultsAgainst(files(metric("new"), metric("newer")), server, true)).toEqual([]);
  expect(faultsAgainst(files(metric("new"), metric("newer")), server, false)).toEqual([
    `the server has ${LIMITS.metricsPerProject - 1} metrics and views and would have ${LIMITS.metricsPerProject + 1}; the bound is ${LIMITS.metricsPerProject}`,
  ]);
});

test("[A1] alerts are held against the metrics that there will be, and a change that would break one is refused", () => {
  const alert = { name: "none", metric: "orders", condition: "no data" };
  const of = (...alerts: object[]) =>
    parseFiles([{ path: "f", text: JSON.stringify({ alerts }) }]).definitions;
  const server = stored(metric("orders"));
  expect(faultsAgainst(of(alert), server, false)).toEqual([]);
  expect(faultsAgainst(of(alert), server, true)).toEqual([
    "f: alerts[0] \"none\": metric is 'orders'; there is no metric or view of this name",
  ]);
  const held = [...server, storedDefinition("alerts", alert)];
  const ranking = metric("orders", "1s", { aggregate: "topk(3, page)" });
  expect(faultsAgainst(files(ranking), held, false)).toEqual([
    expect.stringContaining(
      "the server's alert 'none', which is in no file: the metric 'orders' is a ranking",
    ),
  ]);
});

test("[M1] panels that would show nothing are told", () => {
  const panel = (metric: string) => ({ title: "T", kind: "line", metric });
  const board = { name: "b", panels: [panel("orders"), panel("visits"), panel("visits"), panel("lost")] };
  const { definitions } = parseFiles([
    { path: "f", text: JSON.stringify({ metrics: [metric("orders")], dashboards: [board] }) },
  ]);
  const of = (name: string) => `f: dashboards[0] "b" draws '${name}', and no metric has that name`;
  expect(emptyPanels(definitions, stored(metric("visits")), false)).toEqual([of("lost")]);
  expect(emptyPanels(definitions, stored(metric("visits")), true)).toEqual([of("visits"), of("lost")]);
});

test("[M1] the example of docs/apply.md is one", () => {
  const page = readFileSync(join(import.meta.dirname, "../../../docs/apply.md"), "utf8");
  const text = /```json\n([^]*?)```/.exec(page)?.[1] ?? "";
  const { definitions, faults } = parseFiles([{ path: "docs/apply.md", text }]);
  expect(faults).toEqual([]);
  expect(definitions).toHaveLength(5);
  expect(faultsAgainst(definitions, [], true)).toEqual([]);
  expect(emptyPanels(definitions, [], true)).toEqual([]);
});
