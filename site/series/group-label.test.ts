import { describe, expect, it } from "vitest";
import { groupLabels } from "./group-label.ts";

describe("groupLabels", () => {
  it("[U1] names groups by the keys that tell them apart", () => {
    const groups = [
      { host: "a", interface: "eth0", direction: "in" },
      { host: "a", interface: "eth0", direction: "out" },
      { host: "a", interface: "lo", direction: "in" },
    ];
    expect(groupLabels(groups, "all")).toEqual(["eth0 · in", "eth0 · out", "lo · in"]);
  });

  it("[U1] names a single group by all its keys, and a series without one by what it is given", () => {
    expect(groupLabels([{ host: "a", mount: "/" }], "all")).toEqual(["a · /"]);
    expect(groupLabels([{}], "Memory")).toEqual(["Memory"]);
  });

  it("[U1] shows that there are marks of direction, which would turn about what stands beside them", () => {
    const groups = [
      { name: "\u202Elive", region: "eu" },
      { name: "\u05E9\u05DC\u05D5\u05DD\u200F", region: "us" },
    ];
    expect(groupLabels(groups, "all")).toEqual(["\uFFFDlive · eu", "\u05E9\u05DC\u05D5\u05DD\u200F · us"]);
  });

  it("[U1] says what absent, folded and numeric values are", () => {
    const groups = [{ core: "" }, { core: "__other__" }, { core: "0" }, { core: "-1.5" }];
    expect(groupLabels(groups, "all")).toEqual(["(none)", "other", "core 0", "core -1.5"]);
  });
});
