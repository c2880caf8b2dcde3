import fc from "fast-check";
import { expect, it } from "vitest";
import type { Group } from "../../protocol/series.ts";
import { groupsText, parseGroups } from "./group-text.ts";

it("[A1] groups are read as they are written, and a line that is none is told", () => {
  const groups = [{ campaign: "autumn", country: "DE" }, { campaign: "a:b" }];
  expect(groupsText(groups)).toBe("campaign: autumn, country: DE\ncampaign: a:b");
  expect(parseGroups(`\n${groupsText(groups)}\n`)).toEqual({ groups, fault: undefined });
  expect(parseGroups("campaign=autumn").groups).toEqual([{ campaign: "autumn" }]);
  expect(parseGroups(" \n")).toEqual({ groups: undefined, fault: undefined });
  expect(parseGroups("autumn").fault).toBe("'autumn' is no group; expected campaign: autumn");
});

it("[A1] a value that holds a comma, a line's end or spaces around it is quoted, and may be by whoever writes it", () => {
  const groups = [
    { city: "New York, NY", note: "a, b: c" },
    { page: " /home ", agent: 'say "hi"' },
    { text: "one\ntwo", quoted: '"x"', none: "" },
  ];
  const text = groupsText(groups);
  expect(text.split("\n")).toEqual([
    'city: "New York, NY", note: "a, b: c"',
    'page: " /home ", agent: say "hi"',
    'text: "one\\ntwo", quoted: "\\"x\\"", none: ',
  ]);
  expect(parseGroups(text)).toEqual({ groups, fault: undefined });
  expect(parseGroups('city = "Paris"').groups).toEqual([{ city: "Paris" }]);
  // What only begins like a quoted text is one as it stands.
  expect(parseGroups('say: "hi" there').groups).toEqual([{ say: '"hi" there' }]);
  expect(parseGroups('say: "a\\q"').groups).toEqual([{ say: '"a\\q"' }]);
  expect(parseGroups("city: New York, NY").fault).toBe(
    `'city: New York, NY' is no group; expected campaign: autumn, a value with a comma in "quotes"`,
  );
});

it("[A1] whatever groups there are, they are read as they are written", () => {
  const name = fc.oneof(fc.constantFrom("a", "a:b", "a, b", '"', "=", " "), fc.string({ minLength: 1 }));
  const group = fc.dictionary(name, fc.oneof(fc.string(), fc.string({ unit: "binary" })), { minKeys: 1 });
  fc.assert(
    fc.property(fc.array(group, { minLength: 1 }), (written) => {
      const groups = written.map((each): Group => ({ ...each }));
      expect(parseGroups(groupsText(groups))).toEqual({ groups, fault: undefined });
    }),
  );
});
