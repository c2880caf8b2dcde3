import { expect, test } from "vitest";
import { parseFiles } from "./parse-files.ts";

const CLICKS = {
  name: "clicks",
  event: "click",
  aggregate: "count",
  window: { type: "tumbling", size: "1s" },
};
const GROWTH = { name: "growth", change: { metric: "clicks", ago: "1d" } };
const BOARD = { name: "clicks", panels: [] };

const parse = (...contents: unknown[]) =>
  parseFiles(contents.map((content, i) => ({ path: `${i}.json`, text: JSON.stringify(content) })));

test.each([
  ["files of one definition each", [CLICKS, GROWTH, BOARD]],
  ["an array", [[CLICKS, GROWTH, BOARD]]],
  ["metrics and dashboards", [{ metrics: [CLICKS, GROWTH], dashboards: [BOARD] }]],
  ["a mixture", [{ dashboards: [BOARD] }, [CLICKS], { metrics: [GROWTH] }]],
])("[M1] reads %s", (_, contents) => {
  const { definitions, faults } = parse(...contents);
  expect(faults).toEqual([]);
  expect(definitions.map(({ kind, name }) => `${kind} ${name}`).sort()).toEqual([
    "dashboard clicks",
    "metric clicks",
    "view growth",
  ]);
});

test("[M1] says where each definition stands", () => {
  const places = parse(CLICKS, [GROWTH], { dashboards: [BOARD] }).definitions.map(({ at }) => at);
  expect(places).toEqual(['0.json: "clicks"', '1.json: [0] "growth"', '2.json: dashboards[0] "clicks"']);
});

test("[M1] lists all faults, each with its file and its place in it", () => {
  const { definitions, faults } = parse(
    { metrics: [CLICKS, { ...CLICKS, name: "b", window: { type: "tumbling" } }, { event: "click" }, 3] },
    { dashboards: [{ name: "d", panels: [{ title: "T", kind: "pie" }] }] },
    [{ ...CLICKS, name: "c", where: "a = 'x" }],
    { name: "e" },
  );
  expect(definitions.map(({ name }) => name)).toEqual(["clicks"]);
  expect(faults).toEqual([
    expect.stringMatching(/^0\.json: metrics\[1\] "b": window\.size is nothing; expected a duration/),
    expect.stringMatching(/^0\.json: metrics\[2\]: name is nothing; expected/),
    expect.stringMatching(/^0\.json: metrics\[3\]: the metric is 3; expected/),
    expect.stringMatching(/^1\.json: dashboards\[0\] "d": panels\[0\]\.kind is "pie"; expected/),
    expect.stringMatching(/^2\.json: \[0\] "c": where, column 5: /),
    expect.stringMatching(/^3\.json: "e": event is nothing; expected/),
  ]);
});

test.each([
  ["{", "0.json: not JSON: "],
  ["", "0.json: not JSON: "],
  ['"clicks"', '0.json: it holds "clicks"; expected a definition'],
  ['{"metrics":{}}', "0.json: metrics is an object; expected a list"],
  ['{"metrics":[],"views":[]}', '0.json: unknown field "views"; expected metrics (views are among them)'],
  ["{}", "0.json: name is nothing"],
])("[M1] refuses a file that holds %s", (text, message) => {
  const { definitions, faults } = parseFiles([{ path: "0.json", text }]);
  expect(definitions).toEqual([]);
  expect(faults).toEqual([expect.stringContaining(message)]);
});

test("[M1] a name may be given once only, by metrics and views together", () => {
  const { faults } = parse(CLICKS, { metrics: [{ ...GROWTH, name: "clicks" }], dashboards: [BOARD] });
  expect(faults).toEqual(['1.json: metrics[0] "clicks": the name is given twice, first at 0.json: "clicks"']);
});
