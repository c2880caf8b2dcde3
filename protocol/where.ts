import type { PropValue } from "./event.ts";
import { exceedsBytes, LIMITS, utf8Length } from "./limits.ts";
import { fail, ok, type Result } from "./result.ts";

/** The fields of an event that a bare name means; every other bare name is a prop's. */
export const EVENT_FIELDS = ["name", "user", "value", "id", "ts"] as const;
export type EventField = (typeof EVENT_FIELDS)[number];

export const WHERE_OPERATORS = [
  "=",
  "!=",
  "<",
  "<=",
  ">",
  ">=",
  "contains",
  "startsWith",
  "endsWith",
] as const;
export type WhereOperator = (typeof WHERE_OPERATORS)[number];

export type WhereField = { type: "eventField"; name: EventField } | { type: "prop"; name: string };
export type WhereOperand = WhereField | { type: "literal"; value: PropValue };

/** A condition on an event. A field that stands alone asks whether it is `true`; `not in` is a `not` of an `in`. */
export type WhereExpression =
  | { type: "and" | "or"; operands: WhereExpression[] }
  | { type: "not"; operand: WhereExpression }
  | { type: "comparison"; operator: WhereOperator; left: WhereOperand; right: WhereOperand }
  | { type: "in"; operand: WhereOperand; values: PropValue[] }
  | { type: "field"; field: WhereField };

/**
 * Reads the `where` of a metric, such as `campaign != null and country in ['US','DE']`; docs/where.md has the grammar.
 *
 * @returns the condition, or the reason `where` with a sentence that says the column (from 1, in UTF-16 units),
 *   what stands there and what was expected.
 */
export function parseWhere(text: string): Result<WhereExpression> {
  if (exceedsBytes(text, LIMITS.whereBytes)) {
    return fail("where", `where has ${utf8Length(text)} bytes; the bound is ${LIMITS.whereBytes}`);
  }
  try {
    return ok(new Parser(text).parse());
  } catch (fault) {
    if (fault instanceof Fault) return fail("where", fault.message + quotingHint(text, fault.at));
    throw fault;
  }
}

/** How a name is written whose letters the grammar does not know, if the fault is in one. */
function quotingHint(text: string, at: number): string {
  if (!FOREIGN_LETTER.test(text.slice(at, at + 2))) return "";
  const word = [...text.matchAll(NAME_LIKE)].find(({ 0: { length }, index }) => at < index + length)?.[0];
  return word === undefined ? "" : `. A name such as \`${word}\` is written in backticks`;
}

/** Thrown from within the grammar's recursion, caught by {@link parseWhere}. */
class Fault extends Error {
  readonly at: number;

  constructor(at: number, what: string) {
    super(`where, column ${at + 1}: ${what}`);
    this.at = at;
  }
}

const FOREIGN_LETTER = /^[^\P{L}a-zA-Z]/u;
const NAME_LIKE = /[\p{L}\p{M}\p{N}_$.-]+/gu;

const RESERVED = ["(", ")", "[", "]", ",", "and", "or", "not", "in", "true", "false", "null"] as const;
type Kind =
  | WhereOperator
  | (typeof RESERVED)[number]
  | ("word" | "quotedName" | "string" | "number" | "unknown" | "end");

/** `text` as it is written, `at` its index. */
interface Token {
  kind: Kind;
  text: string;
  at: number;
}

/** Words in lower case: they may be written in any, lest `x != NULL` ask for a prop named NULL. */
const SPELLINGS = new Map<string, Kind>([
  ...[...RESERVED, ...WHERE_OPERATORS].map((kind): [string, Kind] => [kind.toLowerCase(), kind]),
  ["==", "="],
  ["&&", "and"],
  ["||", "or"],
  ["!", "not"],
]);
const CONSTANTS = new Map<Kind, PropValue>([
  ["true", true],
  ["false", false],
  ["null", null],
]);

/** Takes more than a number is, so that `12abc` or `007` is one wrong number and not two tokens. Never backtracks. */
const TOKEN =
  /(?<number>[+-]?\.?\d(?:[eE][+-]|[\w.])*)|(?<word>[A-Za-z_$][\w$.-]*)|(?<quoted>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|`(?:[^`\\]|\\.)*`)|[=!<>]=|&&|\|\||\S/gsu;
const NUMBER = /^[+-]?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
const ESCAPE = /\\(?:u([0-9a-fA-F]{4})|(.))/gsu;
const ESCAPES = new Map([
  ...["'", '"', "`", "\\"].map((same) => [same, same] as const),
  ["n", "\n"],
  ["t", "\t"],
]);

/** One token at a time: what lies behind the first fault is not looked at. Ends in any number of ends. */
function* tokensOf(text: string): Generator<Token, never> {
  for (const match of text.matchAll(TOKEN)) yield { kind: kindOf(match), text: match[0], at: match.index };
  while (true) yield { kind: "end", text: "", at: text.length };
}

function kindOf({ 0: text, groups }: RegExpExecArray): Kind {
  if (groups?.["number"] !== undefined) return "number";
  if (groups?.["quoted"] !== undefined) return text.startsWith("`") ? "quotedName" : "string";
  return SPELLINGS.get(text.toLowerCase()) ?? (groups?.["word"] === undefined ? "unknown" : "word");
}

/** Recursive descent: a method for each rule of the grammar, from the loosest to the tightest. */
class Parser {
  readonly #tokens: Iterator<Token, never>;
  #token: Token;
  /** What has been asked of `#token` in vain, for the message if nothing fits. */
  readonly #expected = new Set<string>();
  #depth = 0;

  constructor(text: string) {
    this.#tokens = tokensOf(text);
    this.#token = this.#tokens.next().value;
  }

  parse(): WhereExpression {
    const expression = this.#or();
    this.#need("end", "the end");
    return expression;
  }

  #or(): WhereExpression {
    return this.#chain("or", () => this.#and());
  }

  #and(): WhereExpression {
    return this.#chain("and", () => this.#not());
  }

  /** One node for `a and b and c`: a long chain is wide, not deep. */
  #chain(type: "and" | "or", operand: () => WhereExpression): WhereExpression {
    const first = operand();
    const operands = [first];
    while (this.#take(type)) operands.push(operand());
    return operands.length === 1 ? first : { type, operands };
  }

  #not(): WhereExpression {
    const negation = this.#take("not");
    if (negation) return { type: "not", operand: this.#nested(negation, () => this.#not()) };
    const opening = this.#take("(");
    if (!opening) return this.#condition();
    const inner = this.#nested(opening, () => this.#or());
    this.#need(")");
    return inner;
  }

  #nested(opening: Token, rule: () => WhereExpression): WhereExpression {
    if (++this.#depth > LIMITS.whereDepth) {
      throw new Fault(opening.at, `nested ${this.#depth} deep; the bound is ${LIMITS.whereDepth}`);
    }
    const expression = rule();
    this.#depth -= 1;
    return expression;
  }

  #condition(): WhereExpression {
    const left = this.#operand();
    for (const operator of WHERE_OPERATORS) {
      if (this.#take(operator, "a comparison")) {
        return { type: "comparison", operator, left, right: this.#operand() };
      }
    }
    if (this.#take("in")) return { type: "in", operand: left, values: this.#list() };
    if (this.#take("not", "'not in'")) {
      this.#need("in");
      return { type: "not", operand: { type: "in", operand: left, values: this.#list() } };
    }
    return left.type === "literal" ? this.#refuse() : { type: "field", field: left };
  }

  #list(): PropValue[] {
    this.#need("[");
    const values: PropValue[] = [];
    do {
      if (values.length === LIMITS.whereListValues) {
        throw new Fault(this.#token.at, `a further value in the list; the bound is ${values.length}`);
      }
      const value = this.#literal();
      values.push(value === undefined ? this.#refuse() : value);
    } while (this.#take(","));
    this.#need("]");
    return values;
  }

  #operand(): WhereOperand {
    const quoted = this.#take("quotedName", "a field");
    if (quoted) return prop(quoted, unquote(quoted));
    const word = this.#take("word", "a field");
    if (word) return fieldOf(word);
    const value = this.#literal();
    return value === undefined ? this.#refuse() : { type: "literal", value };
  }

  #literal(): PropValue | undefined {
    for (const [kind, value] of CONSTANTS) if (this.#take(kind, "a literal")) return value;
    const string = this.#take("string", "a literal");
    if (string) return unquote(string);
    const number = this.#take("number", "a literal");
    return number && numberOf(number);
  }

  /** The token, if it is of this kind, and goes on to the next. */
  #take(kind: Kind, label = `'${kind}'`): Token | undefined {
    const token = this.#token;
    if (token.kind !== kind) {
      this.#expected.add(label);
      return undefined;
    }
    this.#token = this.#tokens.next().value;
    this.#expected.clear();
    return token;
  }

  #need(kind: Kind, label?: string): void {
    if (!this.#take(kind, label)) this.#refuse();
  }

  #refuse(): never {
    const labels = [...this.#expected];
    const last = labels.pop() ?? "";
    throw unexpected(this.#token, labels.length === 0 ? last : `${labels.join(", ")} or ${last}`);
  }
}

function fieldOf(word: Token): WhereField {
  const own = EVENT_FIELDS.find((field) => field === word.text);
  if (own !== undefined) return { type: "eventField", name: own };
  return prop(word, word.text.startsWith("props.") ? word.text.slice("props.".length) : word.text);
}

function prop(token: Token, name: string): WhereField {
  if (name !== "" && !exceedsBytes(name, LIMITS.keyBytes)) return { type: "prop", name };
  throw unexpected(token, `a prop's name of 1 to ${LIMITS.keyBytes} bytes`);
}

function numberOf(token: Token): number {
  const number = NUMBER.test(token.text) ? Number(token.text) : Number.NaN;
  if (Number.isFinite(number)) return number;
  throw unexpected(token, "a finite number such as -1.5e3");
}

function unquote(token: Token): string {
  const inner = token.text.slice(1, -1);
  const text = inner.replace(ESCAPE, (escape, unit?: string, character = "", index = 0) => {
    const meant =
      unit === undefined ? ESCAPES.get(character) : String.fromCharCode(Number.parseInt(unit, 16));
    if (meant !== undefined) return meant;
    const at = token.at + 1 + index;
    throw unexpected({ kind: "unknown", text: escape, at }, "\\', \\\", \\`, \\\\, \\n, \\t or \\uXXXX");
  });
  if (text.isWellFormed()) return text;
  throw unexpected(token, "well-formed Unicode, without a lone surrogate");
}

function unexpected({ kind, text, at }: Token, expected: string): Fault {
  return new Fault(at, `found ${describe(kind, text)}; expected ${expected}`);
}

function describe(kind: Kind, text: string): string {
  const short = (text.length <= 40 ? text : `${text.slice(0, 37)}…`).toWellFormed();
  if (kind === "end") return "the end";
  if (kind === "number") return `the number ${short}`;
  if (kind === "string") return `the string ${short}`;
  if (kind === "quotedName") return `the name ${short}`;
  return ["'", '"', "`"].includes(text) ? `an unclosed ${text}` : `'${short}'`;
}
