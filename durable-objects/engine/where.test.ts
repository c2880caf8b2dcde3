import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Event, PropValue } from "../../protocol/event.ts";
import {
  EVENT_FIELDS,
  parseWhere,
  WHERE_OPERATORS,
  type WhereExpression,
  type WhereField,
  type WhereOperand,
  type WhereOperator,
} from "../../protocol/where.ts";
import { compileWhere } from "./where.ts";

function parsed(text: string): WhereExpression {
  const result = parseWhere(text);
  if (!result.ok) throw new Error(`${text}: ${result.message}`);
  return result.value;
}

const holds = (text: string, event: Event) => compileWhere(parsed(text))(event);

const EVENT: Event = {
  name: "click",
  ts: 1_700_000_000_000,
  user: "u1",
  value: 2,
  props: {
    campaign: "spring",
    country: "US",
    paid: true,
    free: false,
    none: null,
    n: 10,
    text: "10",
    user: "p",
  },
};

describe("[M2] a where takes an event", () => {
  it.each<[string, boolean]>([
    ["campaign != null and country in ['US','DE']", true],
    ["campaign != null and country in ['FR','DE']", false],
    ["campign != null and country in ['US','DE']", false],
    ["country not in ['US']", false],
    ["missing not in ['US']", true],
    ["missing in [null]", true],
    ["n in ['10']", false],
    ["'US' in ['US']", true],
    ["name = 'click' and user = 'u1' and value = 2 and ts = 1700000000000", true],
    ["id = null", true],
    ["user = 'p'", false],
    ["props.user = 'p'", true],
    ["`user` = 'p'", true],
    ["props.name = null", true],
    ["'spring' = campaign", true],
    ["n > value", true],
    ["campaign = country", false],
    ["missing = none", true],
    ["paid", true],
    ["free", false],
    ["n", false],
    ["campaign", false],
    ["missing", false],
    ["not missing", true],
    ["free or missing or paid", true],
    ["free or paid and missing", false],
    ["paid = true and free = false", true],
  ])("[M2] %s: %s", (text, truth) => {
    expect(holds(text, EVENT)).toBe(truth);
  });

  it.each<[string, boolean]>([
    ["n = '10'", false],
    ["n != '10'", true],
    ["n = text", false],
    ["paid = 1", false],
    ["paid = 'true'", false],
    ["free = null", false],
    ["n < '11'", false],
    ["n >= '10'", false],
    ["text < 11", false],
    ["missing < 1", false],
    ["missing >= 0", false],
    ["missing < 'a'", false],
    ["missing <= null", false],
    ["null >= null", false],
    ["free < paid", false],
    ["paid <= true", false],
    ["n contains 1", false],
    ["n contains '1'", false],
    ["missing contains ''", false],
    ["missing startsWith null", false],
  ])("[M2] without coercion: %s: %s", (text, truth) => {
    expect(holds(text, EVENT)).toBe(truth);
  });

  it.each<[string, boolean]>([
    ["n < 10.5 and n <= 10 and n >= 10 and n > 9.5", true],
    ["n > 9", true],
    ["text > '9'", false],
    ["-0 = 0 and 0 in [-0]", true],
    ["country < 'us' and country > 'U' and country <= 'US'", true],
    // By code point it would lie above, by UTF-16 unit U+D83D lies below U+FF5E.
    ["'😀' < '～'", true],
    ["campaign contains 'rin' and campaign startsWith 'spr' and campaign endsWith 'ing'", true],
    ["campaign contains 'RIN'", false],
    ["campaign contains '' and campaign startsWith '' and campaign endsWith ''", true],
    ["campaign startsWith 'ing' or campaign endsWith 'spr'", false],
    ["'springtime' startsWith campaign", true],
  ])("[M2] in order: %s: %s", (text, truth) => {
    expect(holds(text, EVENT)).toBe(truth);
  });

  it.each(["constructor", "__proto__", "toString", "hasOwnProperty", "valueOf"])(
    "[M2] %s is null unless it is a prop",
    (name) => {
      expect(holds(`${name} = null`, { name: "e", ts: 1 })).toBe(true);
      expect(holds(`${name} = null`, { name: "e", ts: 1, props: {} })).toBe(true);
      expect(holds(`${name} = 'x'`, { name: "e", ts: 1, props: Object.fromEntries([[name, "x"]]) })).toBe(
        true,
      );
    },
  );
});

describe("[M2] a where, against a reference", () => {
  const names = ["a", "b", "in", "user", "props.a", "utm campaign", "constructor", "x-1", "`\\"];
  const value = fc.oneof(
    fc.constantFrom<PropValue>(
      null,
      true,
      false,
      0,
      -0,
      1,
      -1.5,
      1e21,
      "",
      "a",
      "ab",
      "b",
      "1",
      "'\"`\\\n\t",
    ),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.string({ unit: "binary", maxLength: 4 }),
  );
  const event: fc.Arbitrary<Event> = fc.record(
    {
      name: fc.constantFrom("a", "e"),
      ts: fc.constantFrom(0, 1, 1e12),
      id: fc.constantFrom("a", "1"),
      user: fc.constantFrom("a", "b", ""),
      value: fc.constantFrom(0, 1, -1.5),
      props: fc.dictionary(fc.constantFrom(...names), value, { noNullPrototype: true }),
    },
    { requiredKeys: ["name", "ts"] },
  );

  const field: fc.Arbitrary<WhereField> = fc.oneof(
    fc.constantFrom(...names).map((name) => ({ type: "prop" as const, name })),
    fc.constantFrom(...EVENT_FIELDS).map((name) => ({ type: "eventField" as const, name })),
  );
  const operand: fc.Arbitrary<WhereOperand> = fc.oneof(
    field,
    value.map((value) => ({ type: "literal" as const, value })),
  );
  const { expression } = fc.letrec<{ expression: WhereExpression }>((tie) => ({
    expression: fc.oneof(
      { maxDepth: 4, depthSize: "small" },
      fc.record({ type: fc.constant("field" as const), field }),
      fc.record({
        type: fc.constant("comparison" as const),
        operator: fc.constantFrom(...WHERE_OPERATORS),
        left: operand,
        right: operand,
      }),
      fc.record({
        type: fc.constant("in" as const),
        operand,
        values: fc.array(value, { minLength: 1, maxLength: 4 }),
      }),
      fc.record({ type: fc.constant("not" as const), operand: tie("expression") }),
      fc.record({
        type: fc.constantFrom("and" as const, "or" as const),
        operands: fc.array(tie("expression"), { minLength: 2, maxLength: 3 }),
      }),
    ),
  }));
  /** Choices of spelling, spaces and needless parentheses, taken in turn. */
  const dice = fc.array(fc.nat({ max: 1_000 }), { minLength: 1, maxLength: 20 });

  it("[M2] reads back as what was written, and finds the same true", () => {
    fc.assert(
      fc.property(
        expression,
        dice,
        fc.array(event, { minLength: 1, maxLength: 8 }),
        (expression, dice, events) => {
          const read = parsed(new Writer(dice).expression(expression));
          expect(read).toEqual(expression);
          const test = compileWhere(read);
          for (const event of events) expect(test(event)).toBe(isTrue(expression, event));
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it("[M2] != is never what = is, and `not in` never what `in` is", () => {
    fc.assert(
      fc.property(operand, operand, value, event, dice, (left, right, item, event, dice) => {
        const writer = new Writer(dice);
        const [l, r, i] = [writer.operand(left), writer.operand(right), writer.literal(item)];
        expect(holds(`${l} != ${r}`, event)).toBe(!holds(`${l} = ${r}`, event));
        expect(holds(`${l} not in [${i}]`, event)).toBe(!holds(`${l} in [${i}]`, event));
        expect(holds(`${l} in [${i}]`, event)).toBe(holds(`${l} = ${i}`, event));
      }),
    );
  });
});

/** The truth of an expression, as the documentation words it and as slowly as it likes. */
function isTrue(expression: WhereExpression, event: Event): boolean {
  switch (expression.type) {
    case "and":
      return expression.operands.every((operand) => isTrue(operand, event));
    case "or":
      return !expression.operands.every((operand) => !isTrue(operand, event));
    case "not":
      return !isTrue(expression.operand, event);
    case "field":
      return isSame(valueOf(expression.field, event), true);
    case "in": {
      const value = valueOf(expression.operand, event);
      return expression.values.some((item) => isSame(item, value));
    }
    case "comparison":
      return compares(expression.operator, valueOf(expression.left, event), valueOf(expression.right, event));
  }
}

function compares(operator: WhereOperator, left: PropValue, right: PropValue): boolean {
  if (operator === "=") return isSame(left, right);
  if (operator === "!=") return !isSame(left, right);
  if (typeof left === "string" && typeof right === "string") {
    if (operator === "contains") return left.split(right).length > 1 || right === "";
    if (operator === "startsWith") return left.slice(0, right.length) === right;
    if (operator === "endsWith") return right === "" || left.slice(-right.length) === right;
    return isOrdered(operator, left < right ? -1 : Number(left > right));
  }
  return (
    typeof left === "number" && typeof right === "number" && isOrdered(operator, Math.sign(left - right))
  );
}

function isOrdered(operator: WhereOperator, sign: number): boolean {
  return (
    { "-1": ["<", "<="], "0": ["<=", ">="], "1": [">", ">="] }[String(sign)]?.includes(operator) ?? false
  );
}

function isSame(a: PropValue, b: PropValue): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function valueOf(operand: WhereOperand, event: Event): PropValue {
  if (operand.type === "literal") return operand.value;
  const entries = Object.entries(operand.type === "prop" ? (event.props ?? {}) : event);
  return new Map<string, PropValue>(entries).get(operand.name) ?? null;
}

/** Writes an expression as one of the many texts that mean it. */
class Writer {
  readonly #dice: number[];
  #turn = 0;

  constructor(dice: number[]) {
    this.#dice = dice;
  }

  #choose<T>(...choices: [T, ...T[]]): T {
    const roll = this.#dice[this.#turn++ % this.#dice.length] ?? 0;
    return choices[roll % choices.length] ?? choices[0];
  }

  #words(...words: string[]): string {
    return words.join(this.#choose(" ", "  ", "\n", " \t"));
  }

  /** In parentheses where `binding` is tighter than the expression's own, or for no reason. */
  expression(expression: WhereExpression, binding = 0): string {
    const own = { or: 0, and: 1, not: 2, field: 3, comparison: 3, in: 3 }[expression.type];
    const text = this.#bare(expression);
    if (own >= binding && this.#choose(true, true, false)) return text;
    return this.#choose(`(${text})`, `( ${text} )`);
  }

  #bare(expression: WhereExpression): string {
    switch (expression.type) {
      case "or":
        return this.#joined(expression.operands, 1, this.#choose("or", "OR", "||"));
      case "and":
        return this.#joined(expression.operands, 2, this.#choose("and", "And", "&&"));
      case "not":
        if (expression.operand.type === "in" && this.#choose(true, false)) {
          return this.#in(
            expression.operand.operand,
            this.#choose("not in", "NOT  IN"),
            expression.operand.values,
          );
        }
        return this.#choose("!", "! ", "not ", "NOT\n") + this.expression(expression.operand, 2);
      case "field":
        return this.operand(expression.field);
      case "in":
        return this.#in(expression.operand, this.#choose("in", "IN"), expression.values);
      case "comparison": {
        const operator = expression.operator === "=" ? this.#choose("=", "==") : expression.operator;
        return this.#words(this.operand(expression.left), operator, this.operand(expression.right));
      }
    }
  }

  #joined(operands: WhereExpression[], binding: number, word: string): string {
    return this.#words(
      ...operands.flatMap((operand, i) => [...(i === 0 ? [] : [word]), this.expression(operand, binding)]),
    );
  }

  #in(operand: WhereOperand, word: string, values: PropValue[]): string {
    const list = values.map((value) => this.literal(value)).join(this.#choose(",", ", ", " , "));
    return this.#words(this.operand(operand), word, this.#choose(`[${list}]`, `[ ${list} ]`));
  }

  operand(operand: WhereOperand): string {
    if (operand.type === "literal") return this.literal(operand.value);
    if (operand.type === "eventField") return operand.name;
    const quoted = this.#quoted(operand.name, "`");
    if (!/^[\w.-]+$/.test(operand.name)) return quoted;
    const isPlain = ["a", "b", "constructor", "x-1"].includes(operand.name);
    return this.#choose(isPlain ? operand.name : quoted, `props.${operand.name}`, quoted);
  }

  literal(value: PropValue): string {
    if (typeof value === "string") return this.#quoted(value, this.#choose("'", '"'));
    if (Object.is(value, -0)) return "-0";
    if (typeof value === "number") return this.#choose(String(value), value.toExponential());
    return this.#choose(String(value), String(value).toUpperCase());
  }

  #quoted(text: string, quote: string): string {
    const escape = (unit: string) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
    const all = this.#choose(false, false, true);
    // Without the u flag it sees units, which is what \u escapes.
    const inner = text.replaceAll(/[^]/g, (unit) => {
      if (all) return escape(unit);
      if (unit === quote || unit === "\\") return this.#choose(`\\${unit}`, escape(unit));
      return unit === "\n" ? this.#choose("\\n", "\n") : unit;
    });
    return quote + inner + quote;
  }
}
