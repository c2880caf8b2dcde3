import { describe, expect, it } from "vitest";
import { type AlertCondition, parseAlertCondition } from "../../../protocol/alert.ts";
import { LIMITS } from "../../../protocol/limits.ts";
import { throughJson } from "../../../test/helpers/window-feed.ts";
import { GROUP_MEMORY_MS, RuleGroups, type RuleGroupsOptions } from "./rule-groups.ts";

const S = 1_000;

function groups(condition: string, overrides: Partial<RuleGroupsOptions> = {}): RuleGroups {
  return new RuleGroups(optionsOf(condition, overrides));
}

function optionsOf(condition: string, overrides: Partial<RuleGroupsOptions> = {}): RuleGroupsOptions {
  const parsed = parseAlertCondition(condition);
  if (!parsed.ok) throw new Error(parsed.message);
  let episode = 1;
  return {
    condition: parsed.value satisfies AlertCondition,
    forMs: 0,
    everyMs: S,
    emptyValue: undefined,
    named: [],
    nextEpisode: () => episode++,
    ...overrides,
  };
}

/** Windows of a second, one value of the group "a" each; null: no point. Told as `type second`. */
function told(rule: RuleGroups, values: (number | null)[], first = 1): string[] {
  return values.flatMap((value, i) => {
    const points = new Map(value === null ? [] : [["a", value] as const]);
    return rule.close((first + i) * S, points).map(({ type, end }) => `${type} ${end / S}`);
  });
}

describe("[A1] a rule's groups", () => {
  it("[A1] fire once and are resolved once, by the first window of each kind", () => {
    expect(told(groups("> 5"), [5, 6, 7, 6, 5, 4, 9, 1])).toEqual([
      "fired 2",
      "resolved 5",
      "fired 7",
      "resolved 8",
    ]);
  });

  it.each([
    [">", [false, false, true]],
    [">=", [false, true, true]],
    ["<", [true, false, false]],
    ["<=", [true, true, false]],
  ])("[A1] %s compares as it reads", (comparison, expected) => {
    const fires = [4, 5, 6].map((value) => told(groups(`${comparison} 5`), [value]).length > 0);
    expect(fires).toEqual(expected);
  });

  it("[A1] fire when the condition has held for as long as `for`, and begin anew after a window without it", () => {
    expect(told(groups("> 5", { forMs: 3 * S }), [6, 6, 6, 1, 6, 6, 6, 6, 6, 0])).toEqual([
      "fired 8",
      "resolved 10",
    ]);
  });

  it("[A1] a `for` that is no multiple of the step ends with the first window after it", () => {
    expect(told(groups("> 5", { forMs: 2_500 }), [6, 6, 6, 6])).toEqual(["fired 4"]);
  });

  it("[A1] a window without a point meets no comparison: what fires is resolved", () => {
    expect(told(groups("> 5"), [6, null, null])).toEqual(["fired 1", "resolved 2"]);
    expect(told(groups("< 5"), [6, null, null])).toEqual([]);
  });

  it("[A1] of a count it is a zero, once the group has been seen", () => {
    expect(told(groups("< 5", { emptyValue: 0, forMs: S }), [null, null, 9, null, null, 9])).toEqual([
      "fired 5",
      "resolved 6",
    ]);
  });

  it("[A1] `no data` is about windows without a point, of named groups from the beginning", () => {
    expect(told(groups("no data"), [null, 1, null, null, 1])).toEqual(["fired 3", "resolved 5"]);
    expect(told(groups("no data", { named: ["a"] }), [null, 1])).toEqual(["fired 1", "resolved 2"]);
    // A zero is a value, and a count has one in each window.
    expect(told(groups("no data"), [0, 0])).toEqual([]);
  });

  it("[A1] many empty windows at once come to the same as one after the other", () => {
    for (const [condition, forMs, emptyValue] of [
      ["no data", 0, undefined],
      ["no data", 7 * S, undefined],
      ["< 5", 3 * S, 0],
      ["> 5", 0, undefined],
      ["> 5", 2 * S, 0],
    ] as const) {
      const [one, many] = [0, 1].map(() => groups(condition, { forMs, emptyValue }));
      if (one === undefined || many === undefined) throw new Error("two rules");
      const seen = new Map([
        ["a", 9],
        ["b", 1],
      ]);
      const single = one.close(S, seen);
      for (let end = 2; end <= 60; end++) single.push(...one.closeEmpty(end * S, end * S));
      expect([...many.close(S, seen), ...many.closeEmpty(2 * S, 60 * S)]).toEqual(single);
      expect(many.encode()).toEqual(one.encode());
    }
  });

  it("[A1] a group that nobody named is forgotten after a day of silence, and what fires of it is resolved", () => {
    const rule = groups("no data", { forMs: S });
    told(rule, [1]);
    const transitions = rule.closeEmpty(2 * S, 2 * GROUP_MEMORY_MS);
    expect(transitions.map(({ type, end, reason }) => [type, end, reason])).toEqual([
      ["fired", 3 * S, undefined],
      ["resolved", GROUP_MEMORY_MS + S, "group_forgotten"],
    ]);
    expect(rule.encode()).toEqual([]);
  });

  it("[A1] says by when a window has to be closed though nothing comes", () => {
    const waits = groups("no data", { forMs: 5 * S });
    expect(waits.nextSilentEnd(2 * S)).toBe(Number.POSITIVE_INFINITY);
    told(waits, [1, null]);
    expect(waits.nextSilentEnd(3 * S)).toBe(7 * S);
    const firing = groups("> 5");
    told(firing, [9]);
    expect(firing.nextSilentEnd(2 * S)).toBe(2 * S);
    told(firing, [1], 2);
    expect(firing.nextSilentEnd(3 * S)).toBe(Number.POSITIVE_INFINITY);
  });

  it("[A1] follows a bounded number of groups and counts what it leaves out", () => {
    const rule = groups("> 5");
    const many = new Map(Array.from({ length: LIMITS.alertGroups + 3 }, (_, i) => [`g${i}`, 9] as const));
    expect(rule.close(S, many)).toHaveLength(LIMITS.alertGroups);
    expect(rule.untracked).toBe(3);
  });

  it("[A1] is after a restart what it was before", () => {
    const rule = groups("> 5", { forMs: 2 * S });
    told(rule, [6, 6]);
    const restored = new RuleGroups(optionsOf("> 5", { forMs: 2 * S }), throughJson(rule.encode()));
    expect(told(restored, [6, 6, 1], 3)).toEqual(["fired 3", "resolved 5"]);
  });
});
