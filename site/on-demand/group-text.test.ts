import { expect, it } from "vitest";
import { groupsText, parseGroups } from "./group-text.ts";

it("[A1] groups are read as they are written, and a line that is none is told", () => {
  const groups = [{ campaign: "autumn", country: "DE" }, { campaign: "a:b" }];
  expect(groupsText(groups)).toBe("campaign: autumn, country: DE\ncampaign: a:b");
  expect(parseGroups(`\n${groupsText(groups)}\n`)).toEqual({ groups, fault: undefined });
  expect(parseGroups("campaign=autumn").groups).toEqual([{ campaign: "autumn" }]);
  expect(parseGroups(" \n")).toEqual({ groups: undefined, fault: undefined });
  expect(parseGroups("autumn").fault).toBe("'autumn' is no group; expected campaign: autumn");
});
