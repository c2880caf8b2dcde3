import { describe, expect, it } from "vitest";
import { LIMITS } from "./limits.ts";
import { parseWhere, type WhereExpression, type WhereField } from "./where.ts";

const prop = (name: string): WhereField => ({ type: "prop", name });
const field = (name: string): WhereExpression => ({ type: "field", field: prop(name) });

function parsed(text: string): WhereExpression {
  const result = parseWhere(text);
  if (!result.ok) throw new Error(result.message);
  return result.value;
}

/** What `text` is compared with, for `x = text`. */
function right(text: string): unknown {
  const expression = parsed(`x = ${text}`);
  if (expression.type !== "comparison") throw new Error(`${expression.type} is no comparison`);
  return expression.right.type === "literal" ? expression.right.value : expression.right;
}

describe("[M1] a where", () => {
  it("[M1] is read as the specification writes it", () => {
    expect(parsed("campaign != null and country in ['US','DE']")).toEqual({
      type: "and",
      operands: [
        {
          type: "comparison",
          operator: "!=",
          left: prop("campaign"),
          right: { type: "literal", value: null },
        },
        { type: "in", operand: prop("country"), values: ["US", "DE"] },
      ],
    });
  });

  it("[M1] binds not before and before or, and comparisons before all of them", () => {
    expect(parsed("a or not b and c = 1")).toEqual({
      type: "or",
      operands: [
        field("a"),
        {
          type: "and",
          operands: [
            { type: "not", operand: field("b") },
            { type: "comparison", operator: "=", left: prop("c"), right: { type: "literal", value: 1 } },
          ],
        },
      ],
    });
    expect(parsed("not a = b")).toEqual(parsed("not (a = b)"));
    expect(parsed("(a or b) and c")).not.toEqual(parsed("a or b and c"));
  });

  it("[M1] a chain is one node, parentheses make another", () => {
    expect(parsed("a and b and c")).toEqual({ type: "and", operands: [field("a"), field("b"), field("c")] });
    expect(parsed("a and (b and c)")).toEqual({
      type: "and",
      operands: [field("a"), { type: "and", operands: [field("b"), field("c")] }],
    });
  });

  it.each([
    ["a&&b||!c", "a and b or not c"],
    ["a AND b Or NOT c", "a and b or not c"],
    ["a == 1", "a = 1"],
    ["a NOT IN [1]", "not a in [1]"],
    ["a startswith 'x' or a ENDSWITH 'y'", "a startsWith 'x' or a endsWith 'y'"],
    ["a != NULL and b = True", "a != null and b = true"],
    [" \t\n( ( a ) )\u00A0", "a"],
    ["x>-1", "x > -1"],
    ["x>=+1", "x >= 1"],
  ])("[M1] %j is %j", (text, same) => {
    expect(parsed(text)).toEqual(parsed(same));
  });
});

describe("[M1] a field of a where", () => {
  it.each(["name", "user", "value", "id", "ts"])("[M1] %s is the event's own", (name) => {
    expect(parsed(name)).toEqual({ type: "field", field: { type: "eventField", name } });
    expect(parsed(`props.${name}`)).toEqual(field(name));
    expect(parsed(`\`${name}\``)).toEqual(field(name));
  });

  it.each([
    ["campaign", "campaign"],
    ["_a$.b-c1", "_a$.b-c1"],
    ["Name", "Name"],
    ["props", "props"],
    ["props.props.x", "props.x"],
    ["`props.x`", "props.x"],
    ["props.not", "not"],
    ["`in`", "in"],
    ["`utm campaign`", "utm campaign"],
    ["`größe`", "größe"],
    ["`a\\`b`", "a`b"],
    ["index", "index"],
    ["constructor", "constructor"],
    ["__proto__", "__proto__"],
  ])("[M1] %s is the prop %j", (text, name) => {
    expect(parsed(text)).toEqual(field(name));
  });

  it("[M1] may stand on the right, and a literal on the left", () => {
    expect(parsed("'a' = user")).toEqual({
      type: "comparison",
      operator: "=",
      left: { type: "literal", value: "a" },
      right: { type: "eventField", name: "user" },
    });
  });
});

describe("[M1] a literal of a where", () => {
  it.each([
    ["'US'", "US"],
    ['"it\'s"', "it's"],
    [`'a\\'b\\"c\\\`d\\\\e\\nf\\tg'`, "a'b\"c`d\\e\nf\tg"],
    ["'\\u00e9\\ud83d\\ude00'", "é😀"],
    ["''", ""],
    ["'a and b'", "a and b"],
    ["0", 0],
    ["-0", -0],
    ["-12.50e-1", -1.25],
    ["1E+3", 1000],
    ["true", true],
    ["false", false],
    ["null", null],
  ])("[M1] %s", (text, value) => {
    expect(right(text)).toBe(value);
  });

  it("[M1] of every kind may be in a list", () => {
    expect(parsed("x in ['a', -1, true, NULL]")).toEqual({
      type: "in",
      operand: prop("x"),
      values: ["a", -1, true, null],
    });
  });
});

describe("[M1] a where that is wrong is refused with the column", () => {
  const OPERAND = "expected 'not', '(', a field or a literal";
  it.each([
    ["", 1, `found the end; ${OPERAND}`],
    ["  ", 3, `found the end; ${OPERAND}`],
    ["campaign nn null", 10, "found 'nn'; expected a comparison, 'in', 'not in', 'and', 'or' or the end"],
    ["a and and b", 7, `found 'and'; ${OPERAND}`],
    ["a = 1 b", 7, "found 'b'; expected 'and', 'or' or the end"],
    ["1 < x < 5", 7, "found '<'; expected 'and', 'or' or the end"],
    ["a = ", 5, "found the end; expected a field or a literal"],
    ["国 = 'x'", 1, `found '国'; ${OPERAND}. A name such as \`国\` is written in backticks`],
    [
      "value > 1 and größe > 3",
      17,
      "found 'ö'; expected a comparison, 'in', 'not in', 'and', 'or' or the end. A name such as `größe` is written in backticks",
    ],
    ["`größe` > ", 11, "found the end; expected a field or a literal"],
    ["country = '日本", 11, "found an unclosed '; expected a field or a literal"],
    ["country = “DE”", 11, "found '“'; expected a field or a literal"],
    ["a === 1", 5, "found '='; expected a field or a literal"],
    ["a <> 1", 4, "found '>'; expected a field or a literal"],
    ["(a = 1", 7, "found the end; expected 'and', 'or' or ')'"],
    ["a)", 2, "found ')'; expected a comparison, 'in', 'not in', 'and', 'or' or the end"],
    ["'a'", 4, "found the end; expected a comparison, 'in' or 'not in'"],
    ["a not b", 7, "found 'b'; expected 'in'"],
    ["a in ('b')", 6, "found '('; expected '['"],
    ["a in []", 7, "found ']'; expected a literal"],
    ["a in [1,]", 9, "found ']'; expected a literal"],
    ["a in [b]", 7, "found 'b'; expected a literal"],
    ["a in [1 2]", 9, "found the number 2; expected ',' or ']'"],
    ["a 'b'", 3, "found the string 'b'; expected a comparison, 'in', 'not in', 'and', 'or' or the end"],
    ["a `b`", 3, "found the name `b`; expected a comparison, 'in', 'not in', 'and', 'or' or the end"],
    ["a = 'it's'", 9, "found 's'; expected 'and', 'or' or the end"],
    ["a = 'x", 5, "found an unclosed '; expected a field or a literal"],
    ["'😀' = @", 8, "found '@'; expected a field or a literal"],
    ["a = '\\d'", 6, "found '\\d'; expected \\', \\\", \\`, \\\\, \\n, \\t or \\uXXXX"],
    ["a = '\\u00g0'", 6, "found '\\u'; expected \\', "],
    ["a = '\\ud800'", 5, "found the string '\\ud800'; expected well-formed Unicode"],
    ["a = 007", 5, "found the number 007; expected a finite number such as -1.5e3"],
    ["a = .5", 5, "found the number .5; expected a finite number"],
    ["a = 12abc", 5, "found the number 12abc; expected a finite number"],
    ["a = 1e400", 5, "found the number 1e400; expected a finite number"],
    ["a = -b", 5, "found '-'; expected a field or a literal"],
    ["props. = 1", 1, "found 'props.'; expected a prop's name of 1 to 128 bytes"],
    ["`` = 1", 1, "found the name ``; expected a prop's name of 1 to 128 bytes"],
    [`${"a".repeat(129)} = 1`, 1, `found '${"a".repeat(37)}…'; expected a prop's name of 1 to 128 bytes`],
  ])("[M1] %j", (text, column, message) => {
    const result = parseWhere(text);
    expect(result).toMatchObject({ ok: false, reason: "where" });
    expect(!result.ok && result.message).toContain(`where, column ${column}: ${message}`);
  });
});

describe("[M1] a where has bounds", () => {
  it("[M1] on its bytes", () => {
    const fitting = `x = '${"a".repeat(LIMITS.whereBytes - 6)}'`;
    expect(parseWhere(fitting).ok).toBe(true);
    expect(parseWhere(`${fitting} `)).toMatchObject({ message: "where has 4097 bytes; the bound is 4096" });
    expect(parseWhere(`x = '${"é".repeat(2046)}'`)).toMatchObject({
      message: "where has 4098 bytes; the bound is 4096",
    });
  });

  it.each([
    ["parentheses", (n: number) => `${"(".repeat(n)}a${")".repeat(n)}`],
    ["negations", (n: number) => `${"!".repeat(n)}a`],
    ["both", (n: number) => `${"!(".repeat(n / 2)}a${")".repeat(n / 2)}`],
  ])("[M1] on the depth of %s", (_, nested) => {
    expect(parseWhere(nested(64)).ok).toBe(true);
    expect(parseWhere(Array.from({ length: 9 }, () => nested(64)).join(" or ")).ok).toBe(true);
    expect(parseWhere(nested(66))).toMatchObject({
      message: "where, column 65: nested 65 deep; the bound is 64",
    });
  });

  it("[M1] on the values of a list", () => {
    const list = (values: number) => `x in [${Array.from({ length: values }, () => "1").join()}]`;
    expect(parseWhere(list(256)).ok).toBe(true);
    expect(parseWhere(list(257))).toMatchObject({
      message: "where, column 519: a further value in the list; the bound is 256",
    });
  });
});
