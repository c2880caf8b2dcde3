import { describe, expect, it } from "vitest";
import { restrictToProject } from "./enforce-project.ts";

const restrict = (query: string) => restrictToProject(query, "shop");
const P = 'freshet_project="shop"';

describe("[S3] a key sees its project's series only", () => {
  it.each([
    ["clicks", `clicks{${P}}`],
    ["clicks{}", `clicks{${P}}`],
    ["{}", `{${P}}`],
    ['clicks{a="b"}', `clicks{${P},a="b"}`],
    ['{__name__=~".+"}', `{${P},__name__=~".+"}`],
    ['clicks{a="b",}', `clicks{${P},a="b",}`],
    ["rate(clicks[5m] offset 1h)", `rate(clicks{${P}}[5m] offset 1h)`],
    ["max_over_time(sum(a)[1h:1m] @ end())", `max_over_time(sum(a{${P}})[1h:1m] @ end())`],
    ["a / on(x) group_left(y) b", `a{${P}} / on(x) group_left(y) b{${P}}`],
    ["sum by (freshet_project) (a)", `sum by (freshet_project) (a{${P}})`],
    ['clicks{freshet_project="other"}', `clicks{${P},freshet_project="other"}`],
    ['{"odd name", "a b"="c"}', `{${P},"odd name", "a b"="c"}`],
    ["1 + 1", "1 + 1"],
    ["absent(a) or vector(0)", `absent(a{${P}}) or vector(0)`],
  ])("[S3] %s", (query, restricted) => {
    expect(restrict(query)).toBe(restricted);
  });

  it.each([
    ["a comment is left out", "a # } or b{\n+ 1", `a{${P}}  \n+ 1`],
    ["a comment at the end", "a # x", `a{${P}}  `],
    ["quotes are written anew", "a{b='\"} or secret #'}", `a{${P},b="\\"} or secret #"}`],
    ["raw strings too", 'a{b=`\\"`}', `a{${P},b="\\\\\\""}`],
    ["escapes mean what they meant", 'a{b="\\x7d\\u0022\\n"}', `a{${P},b="}\\"\\u000a"}`],
  ])("[S3] %s", (_, query, restricted) => {
    expect(restrict(query)).toBe(restricted);
  });

  it.each([
    ["", "unexpected end of input"],
    ["a{", "unexpected end of input"],
    ["a} or b{x='1'", "1:2: unexpected"],
    ["a or b c", "unexpected"],
    ["WITH (x = a) x", "unexpected"],
    ['a{b="c" or d="e"}', "unexpected"],
    ["a[5m] keep_metric_names", "unexpected"],
    ["a{b='\\q'}", "bad string"],
    ["a{b='\\xff'}", "bad string"],
    ["info(a)", "the function info is not allowed"],
    ["a".repeat(20_000), "the bound is 16384"],
    [`${"(".repeat(200)}a${")".repeat(200)}`, "deep in one another"],
  ])("[S3] %s is refused", (query, message) => {
    expect(() => restrict(query)).toThrow(message);
  });

  it("[S3] a project's name cannot end its string", () => {
    expect(restrictToProject("a", 'x"} or b{c="')).toBe('a{freshet_project="x\\"} or b{c=\\""}');
  });
});
