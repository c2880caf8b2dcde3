import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LIMITS } from "./limits.ts";
import type { Group } from "./series.ts";
import { allowedGroups, parseShare, scopeFault } from "./share.ts";

const groups = fc.array(fc.dictionary(fc.constantFrom("a", "b"), fc.constantFrom("1", "2"), { maxKeys: 2 }), {
  minLength: 1,
  maxLength: 4,
});

/** As the engine matches groups. */
const matches = (group: Group, matchers: Group[] | undefined) =>
  matchers === undefined ||
  matchers.some((matcher) => Object.entries(matcher).every(([key, value]) => group[key] === value));

describe("[I9] the groups that a link shows", () => {
  it("[I9] are those that are asked for and allowed, for any groups", () => {
    const group = fc.record({ a: fc.constantFrom("1", "2", "3"), b: fc.constantFrom("1", "2", "3") });
    fc.assert(
      fc.property(fc.option(groups, { nil: undefined }), groups, group, (asked, allowed, group) => {
        const both = allowedGroups(asked, allowed);
        expect(both).toBeDefined();
        expect(matches(group, both)).toBe(matches(group, asked) && matches(group, allowed));
      }),
    );
  });

  it("[I9] a list of groups without any asks for all, and gets what is allowed", () => {
    expect(allowedGroups([], [{ a: "1" }])).toEqual([{ a: "1" }]);
    expect(allowedGroups([{ a: "2" }], [{ a: "1" }])).toEqual([]);
    expect(allowedGroups([{ a: "2" }], undefined)).toEqual([{ a: "2" }]);
    expect(allowedGroups(undefined, undefined)).toBeUndefined();
  });
});

describe("[I9] a request for a link", () => {
  it("[I9] is read", () => {
    expect(parseShare({ metrics: ["a", "b", "a"], groups: [{ g: "x" }], expiresIn: "7d" })).toEqual({
      ok: true,
      value: { metrics: ["a", "b"], groups: [{ g: "x" }], expiresInMs: 7 * 86_400_000 },
    });
    expect(parseShare({ dashboard: "d", expiresIn: "1h" })).toEqual({
      ok: true,
      value: { dashboard: "d", expiresInMs: 3_600_000 },
    });
  });

  it.each<[object, RegExp]>([
    [{ expiresIn: "1h" }, /^metrics is nothing; expected a list of names/],
    [{ metrics: [], expiresIn: "1h" }, /^metrics is an array/],
    [{ metrics: [7], expiresIn: "1h" }, /^metrics is an array/],
    [{ metrics: ["a"] }, /^expiresIn is nothing; expected a duration from 1m to 366d/],
    [{ metrics: ["a"], expiresIn: "1s" }, /^expiresIn is "1s"/],
    [{ metrics: ["a"], expiresIn: "10000d" }, /^expiresIn is "10000d"/],
    [{ metrics: ["a"], expiresIn: "1h", groups: [{}] }, /^groups\[0\] names no key/],
    [{ metrics: ["a"], expiresIn: "1h", groups: [] }, /^groups is empty/],
    [{ metrics: ["a"], expiresIn: "1h", dashboard: 1 }, /^dashboard is 1/],
    [{ metrics: ["a"], expiresIn: "1h", role: "admin" }, /^unknown field "role"/],
    [
      { metrics: Array.from({ length: 65 }, (_, i) => `m${i}`), expiresIn: "1h" },
      /^metrics has 65 entries; the bound is 64$/,
    ],
  ])("[I9] %j names what is wrong", (raw, message) => {
    const parsed = parseShare(raw);
    expect(parsed.ok ? "" : parsed.message).toMatch(message);
  });

  it("[I9] is as large as an address can be", () => {
    expect(scopeFault({ metrics: ["a"] })).toBeUndefined();
    expect(scopeFault({ metrics: ["a".repeat(LIMITS.shareScopeBytes)] })).toMatch(
      /have 3016 bytes; the bound/,
    );
  });
});
