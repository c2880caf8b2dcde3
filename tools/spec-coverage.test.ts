import { describe, expect, it } from "vitest";
import { coverageFaults } from "./spec-coverage.ts";

const SPEC = "# Rules\n- [A1] One.\n- [A2] Two,\n  see [A9].\n";
const cites = (...titles: string[]) => [
  { path: "x.test.ts", text: titles.map((t) => `it("${t}", () => {});`).join("\n") },
];

describe("[O2] spec coverage", () => {
  it("[O2] is content when each rule has a test", () => {
    expect(coverageFaults(SPEC, cites("[A1] a", "[A2] b"))).toEqual([]);
  });

  it("[O2] names a rule without a test", () => {
    expect(coverageFaults(SPEC, cites("[A1] a", "mentions [A2]"))).toEqual(["SPEC.md's [A2] has no test"]);
  });

  it("[O2] names a title that cites no rule", () => {
    expect(coverageFaults(SPEC, cites("[A1][A2] a", "[A9] b"))).toEqual([
      "x.test.ts cites [A9], which SPEC.md does not have",
    ]);
  });

  it("[O2] reads the titles of tables and of describe", () => {
    // Not written as it is read, so that this file's own coverage is not concerned.
    const text = 'describe("<A1> a", () => {});\nit.each([["x", 1]])("<A2> b %s", () => {});'
      .replaceAll("<", "[")
      .replaceAll(">", "]");
    expect(coverageFaults(SPEC, [{ path: "x.test.ts", text }])).toEqual([]);
  });
});
