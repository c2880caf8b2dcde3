import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { restrictToProject } from "../enforce-project.ts";
import { quote, unquote } from "./literals.ts";
import { parseQuery } from "./parse.ts";
import { PromqlError } from "./promql-error.ts";

const PIECES = [
  "m",
  "{",
  "}",
  "(",
  ")",
  "[5m]",
  '"x"',
  "'",
  "`",
  "\\",
  "#",
  "\n",
  "=~",
  "=",
  ",",
  "sum",
  "by",
  "rate",
  "offset",
  "@",
  "-",
  "^",
  "1",
  'a="b"',
  "1e999",
  "0x",
  "NaN",
  "\u0000",
  "\ud800",
  "é",
  "bool",
  "or",
  "info(m)",
];

describe("[S3] hostile queries", () => {
  it("[S3] are answered with an error of ours, or not at all with a query of another project", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...PIECES), { maxLength: 12 }), (pieces) => {
        const query = pieces.join(pieces.length % 2 === 0 ? " " : "");
        for (const read of [parseQuery, (text: string) => restrictToProject(text, "shop")]) {
          try {
            read(query);
          } catch (error) {
            if (!(error instanceof PromqlError)) throw error;
          }
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it("[S3] a text that is quoted is itself again", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(unquote(quote(text))).toBe(text);
      }),
    );
  });

  it("[S3] a regular expression that others take for ever to match takes no time", () => {
    const slow = parseQuery(`m{a=~"(a+)+$"}`);
    const began = performance.now();
    const matcher = slow.type === "selector" ? slow.matchers[1] : undefined;
    expect(matcher?.matches(`${"a".repeat(50_000)}!`)).toBe(false);
    expect(performance.now() - began).toBeLessThan(2_000);
  });

  it.each([
    ["(".repeat(5_000), "bad_data"],
    [`${"sum(".repeat(150)}m${")".repeat(150)}`, "bad_data"],
    ["-".repeat(5_000) + "m", "bad_data"],
    [Array.from({ length: 3_000 }, () => "1").join("+"), "bad_data"],
    ['m{a=~"[[:nonsense:]]"}', "bad_data"],
    ['m{a=~"(?P<x"}', "bad_data"],
    ["m[5m:1m]", "execution"],
  ])("[S3] %.30s… is refused", (query, type) => {
    try {
      parseQuery(query);
      expect.unreachable();
    } catch (error) {
      expect(error).toMatchObject({ name: "PromqlError", type });
    }
  });
});
