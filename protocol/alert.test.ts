import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  alertFault,
  type AlertInputs,
  alertsAlike,
  conditionText,
  parseAlert,
  parseAlertCondition,
} from "./alert.ts";
import { LIMITS } from "./limits.ts";
import { type Metric, parseMetric } from "./metric.ts";
import { parseView } from "./view.ts";

const RULE = { metric: "errors", condition: "> 5" };

describe("[A1] a rule's definition", () => {
  it("[A1] is read with its defaults", () => {
    expect(parseAlert("a", RULE)).toEqual({
      ok: true,
      value: {
        name: "a",
        metric: "errors",
        condition: { type: "compare", comparison: ">", bound: 5 },
        forMs: 0,
      },
    });
  });

  it.each([
    ["> 5", ">", 5],
    [">=5", ">=", 5],
    ["<  -0.5", "<", -0.5],
    ["<= 1e3", "<=", 1_000],
    ["> .5", ">", 0.5],
  ])("[A1] the condition %s", (text, comparison, bound) => {
    expect(parseAlertCondition(text)).toEqual({ ok: true, value: { type: "compare", comparison, bound } });
  });

  it.each<[string, object, RegExp]>([
    ["metric", { metric: 7 }, /^metric is 7; expected the name of a metric or view$/],
    ["condition", { condition: "= 5" }, /^condition is "= 5"; expected '> 5', '>= 5', '< 5'/],
    ["condition", { condition: "> NaN" }, /^condition is "> NaN"/],
    ["condition", { condition: "> 1e999" }, /^condition is/],
    ["condition", { condition: undefined }, /^condition is nothing/],
    ["for", { for: "soon" }, /^for is "soon"; expected a duration such as '5m', at most 7d$/],
    ["for", { for: "8d" }, /^for is "8d"/],
    ["groups", { groups: [] }, /^groups is empty; expected a list of objects/],
    ["groups", { groups: [{ a: 1 }] }, /^groups\[0\]\.a is 1; expected a string/],
    [
      "groups",
      { groups: Array.from({ length: LIMITS.alertMatchers + 1 }, () => ({ a: "b" })) },
      /^groups has 33 entries; the bound is 32$/,
    ],
    ["webhook", { webhook: "javascript:alert(1)" }, /^webhook is "javascript/],
    ["webhook", { webhook: `https://a/${"a".repeat(3_000)}` }, /^webhook has 3010 characters; the bound/],
    ["name", { name: "b" }, /^name is "b"; the path says 'a'$/],
    ["unknown", { treshold: 1 }, /^unknown field "treshold"; expected name, metric, condition/],
  ])("[A1] names the field that is wrong: %s", (_, fields, message) => {
    const parsed = parseAlert("a", { ...RULE, ...fields });
    expect(parsed.ok ? "" : parsed.message).toMatch(message);
  });

  it("[A1] of any JSON is a rule or a message", () => {
    fc.assert(
      fc.property(fc.string(), fc.jsonValue(), (name, raw) => {
        const parsed = parseAlert(name, raw);
        expect(parsed.ok || parsed.message.length > 0).toBe(true);
      }),
    );
  });

  it("[A1] a condition is written as it is read", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(">", ">=", "<", "<="),
        fc.double({ noNaN: true, min: -1e15, max: 1e15 }).map((bound) => Number(bound.toPrecision(12))),
        (comparison, bound) => {
          const parsed = parseAlertCondition(`${comparison} ${bound}`);
          expect(parsed.ok && parseAlertCondition(conditionText(parsed.value))).toEqual(parsed);
        },
      ),
    );
    expect(conditionText({ type: "no_data" })).toBe("no data");
  });

  it("[A1] goes on as the same rule where only its webhook differs", () => {
    const parse = (fields: object) => {
      const parsed = parseAlert("a", { ...RULE, ...fields });
      if (!parsed.ok) throw new Error(parsed.message);
      return parsed.value;
    };
    expect(alertsAlike(parse({}), parse({ webhook: "https://example.com" }))).toBe(true);
    expect(alertsAlike(parse({}), parse({ for: "0s", condition: ">5" }))).toBe(true);
    expect(alertsAlike(parse({}), parse({ for: "1s" }))).toBe(false);
    expect(alertsAlike(parse({}), parse({ groups: [{ a: "b" }] }))).toBe(false);
  });
});

describe("[A1] a rule's metric", () => {
  const metric = (name: string, fields: object): Metric => {
    const parsed = parseMetric(name, {
      event: "e",
      aggregate: "count",
      window: { type: "tumbling", size: "1m" },
      ...fields,
    });
    if (!parsed.ok) throw new Error(parsed.message);
    return parsed.value;
  };
  const metrics = [
    metric("errors", { groupBy: ["site"] }),
    metric("all", {}),
    metric("top", { aggregate: "topk(5, page)" }),
    metric("spread", { aggregate: "histogram(value)" }),
    metric("split", { groupBy: ["site"], shards: 4 }),
  ];
  const views = [
    parseView("rate", { ratio: { numerator: "errors", denominator: "all" } }),
    parseView("split_rate", { ratio: { numerator: "split", denominator: "all" } }),
  ].map((parsed) => {
    if (!parsed.ok) throw new Error(parsed.message);
    return parsed.value;
  });
  const inputs: AlertInputs = {
    metricOf: (name) => metrics.find((each) => each.name === name),
    viewOf: (name) => views.find((each) => each.name === name),
  };

  it.each([
    [{ metric: "errors" }, undefined],
    [{ metric: "rate", groups: [{ site: "a" }] }, undefined],
    [{ metric: "split", groups: [{ site: "a" }] }, undefined],
    [{ metric: "none" }, /^metric is 'none'; there is no metric or view of this name$/],
    [{ metric: "top" }, /'top' is a ranking/],
    [{ metric: "spread" }, /'spread' is a histogram/],
    [{ metric: "split_rate" }, /view 'split_rate' is of 'split', which is split over 4 objects/],
    [{ metric: "errors", groups: [{ campaign: "a" }] }, /^groups\[0\] names 'campaign'.*grouped by site$/],
    [{ metric: "all", groups: [{ site: "a" }] }, /not grouped$/],
    [{ metric: "split", groups: [{ site: "__other__" }] }, /^groups\[0\] is of __other__/],
  ])("[A1] %j", (fields, expected) => {
    const parsed = parseAlert("a", { ...RULE, ...fields });
    if (!parsed.ok) throw new Error(parsed.message);
    const fault = alertFault(parsed.value, inputs);
    if (expected === undefined) expect(fault).toBeUndefined();
    else expect(fault).toMatch(expected);
  });
});
