import { describe, expect, it } from "vitest";
import { formOf, ruleOf, thresholdOf } from "./rule-form.ts";

describe("[A1] the form of a rule", () => {
  it.each([
    { name: "a", metric: "m", condition: "> 5" },
    { name: "a", metric: "m", condition: "<= -0.5", for: "5m", groups: [{ site: "a" }] },
    { name: "a", metric: "m", condition: "no data", webhook: "https://example.com/" },
  ])("[A1] says what the rule says: %j", (rule) => {
    expect(ruleOf(formOf(rule))).toEqual({ rule, fault: undefined });
  });

  it("[A1] tells what cannot be read", () => {
    const form = formOf({ name: "a", metric: "m", condition: "> 5" });
    expect(ruleOf({ ...form, groups: "autumn" }).fault).toContain("'autumn' is no group");
  });

  it("[A1] draws its bound on the side that is wrong", () => {
    expect(thresholdOf(">= 5")).toEqual({ value: 5, tone: "critical", when: "above" });
    expect(thresholdOf("< -2", "cold")).toEqual({
      value: -2,
      tone: "critical",
      when: "below",
      label: "cold",
    });
    expect(thresholdOf("no data")).toBeUndefined();
    expect(thresholdOf("> ")).toBeUndefined();
  });
});
