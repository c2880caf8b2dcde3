import type { SyntaxNode } from "@lezer/common";
import {
  AGGREGATIONS,
  ARITHMETIC,
  type Arithmetic,
  type Expression,
  RANGE_FUNCTIONS,
  type Selector,
  valueType,
} from "./expression.ts";
import { parsePromNumber, unquote } from "./literals.ts";
import { unsupported } from "./promql-error.ts";
import { durationOf, selectorOf } from "./selector.ts";
import { bad, childrenOf, parseSyntax } from "./syntax.ts";

const TYPE_NAMES = { scalar: "scalar", vector: "instant vector", matrix: "range vector" };
/** What sets a `VectorSelector` apart from the other expressions that may be in its place. */
const NO_EXPRESSIONS = new Set(["BoolModifier", "MatchingModifierClause", "UnaryOp"]);

/**
 * Reads a query.
 *
 * @throws PromqlError `bad_data` where it is not PromQL, `execution` where it is more than is answered here.
 */
export function parseQuery(query: string): Expression {
  try {
    const [top] = childrenOf(parseSyntax(query).topNode);
    if (top === undefined) throw bad("no expression found in input");
    return new Reader(query).expression(top);
  } catch (error) {
    // How deep the stack is that is left depends on who calls: the bound of depth alone does not keep to it.
    if (error instanceof RangeError) throw bad("the query is nested too deeply");
    throw error;
  }
}

class Reader {
  readonly #query: string;

  constructor(query: string) {
    this.#query = query;
  }

  expression(node: SyntaxNode): Expression {
    switch (node.name) {
      case "ParenExpr":
        return this.#only(node);
      case "NumberDurationLiteral":
        return { type: "number", value: parsePromNumber(this.#text(node)) };
      case "VectorSelector":
        return selectorOf(node, this.#query);
      case "MatrixSelector":
        return this.#range(node);
      case "OffsetExpr":
        return this.#offset(node);
      case "FunctionCall":
        return this.#call(node);
      case "AggregateExpr":
        return this.#aggregation(node);
      case "BinaryExpr":
        return this.#binary(node);
      case "UnaryExpr":
        return this.#unary(node);
      case "StringLiteral":
        throw unsupported("strings are");
      case "SubqueryExpr":
        throw unsupported("subqueries are");
      case "StepInvariantExpr":
        throw unsupported("the modifier @ is");
      default:
        throw unsupported(`${this.#text(node)} is`);
    }
  }

  #text(node: SyntaxNode): string {
    return this.#query.slice(node.from, node.to);
  }

  #only(node: SyntaxNode): Expression {
    const [inner] = childrenOf(node);
    if (inner === undefined) throw bad("no expression found in input");
    return this.expression(inner);
  }

  #range(node: SyntaxNode): Selector {
    const [vector, duration] = childrenOf(node);
    if (vector?.name !== "VectorSelector" || duration === undefined) {
      throw bad("ranges only allowed for vector selectors");
    }
    const rangeMs = durationOf(duration, this.#query);
    if (rangeMs <= 0) throw bad("duration must be greater than 0");
    return { ...selectorOf(vector, this.#query), rangeMs };
  }

  #offset(node: SyntaxNode): Selector {
    if (node.firstChild?.name === "OffsetExpr") throw bad("offset may not be set multiple times");
    const inner = this.#only(node);
    const duration = childrenOf(node).at(-1);
    if (inner.type !== "selector" || duration === undefined) {
      throw bad("offset modifier must be preceded by an instant vector selector or range vector selector");
    }
    return { ...inner, offsetMs: inner.offsetMs + durationOf(duration, this.#query) };
  }

  #call(node: SyntaxNode): Expression {
    const [identifier, body] = childrenOf(node);
    const name = identifier === undefined ? "" : this.#text(identifier);
    const fn = RANGE_FUNCTIONS.find((known) => known === name);
    if (fn === undefined) throw unsupported(`the function ${name} is`);
    const args = body === undefined ? [] : childrenOf(body);
    const [argument] = args;
    if (argument === undefined || args.length > 1) {
      throw bad(`expected 1 argument(s) in call to "${name}", got ${args.length}`);
    }
    const of = this.expression(argument);
    if (of.type === "selector" && of.rangeMs !== undefined) return { type: "function", name: fn, of };
    const got = TYPE_NAMES[valueType(of)];
    throw bad(`expected type range vector in call to function "${name}", got ${got}`);
  }

  #aggregation(node: SyntaxNode): Expression {
    const parts = childrenOf(node);
    const word = parts.find(({ name }) => name === "AggregateOp");
    const name = word === undefined ? "" : this.#text(word).toLowerCase();
    const aggregation = AGGREGATIONS.find((known) => known === name);
    if (aggregation === undefined) throw unsupported(`the aggregation ${name} is`);
    const body = parts.find((part) => part.name === "FunctionCallBody");
    const args = body === undefined ? [] : childrenOf(body);
    const [argument] = args;
    if (argument === undefined || args.length > 1) {
      throw bad(
        `wrong number of arguments for aggregate expression provided, expected 1, got ${args.length}`,
      );
    }
    const of = this.expression(argument);
    if (valueType(of) !== "vector") {
      throw bad(`expected type instant vector in aggregation expression, got ${TYPE_NAMES[valueType(of)]}`);
    }
    const modifier = parts.find((part) => part.name === "AggregateModifier");
    return { type: "aggregation", name: aggregation, of, ...this.#grouping(modifier) };
  }

  #grouping(modifier: SyntaxNode | undefined): { by: boolean; labels: string[] } {
    const [keyword, list] = modifier === undefined ? [] : childrenOf(modifier);
    const names = list === undefined ? [] : childrenOf(list);
    const labels = names.map((label) =>
      label.name === "QuotedLabelName" ? unquote(this.#text(label)) : this.#text(label),
    );
    return { by: keyword?.name !== "Without", labels };
  }

  #binary(node: SyntaxNode): Expression {
    const parts = childrenOf(node);
    const [leftNode, operatorNode] = parts;
    const rightNode = parts.at(-1);
    if (leftNode === undefined || operatorNode === undefined || rightNode === undefined) {
      throw bad("an operator lacks an operand");
    }
    const operator = ARITHMETIC.find((known) => known === this.#text(operatorNode));
    if (operator === undefined || parts.some(({ name }) => NO_EXPRESSIONS.has(name))) {
      throw unsupported(`the operator ${this.#text(operatorNode)} is`);
    }
    const left = this.expression(leftNode);
    const right = this.expression(rightNode);
    for (const side of [left, right]) {
      if (valueType(side) !== "matrix") continue;
      throw bad("binary expression must contain only scalar and instant vector types");
    }
    if (valueType(left) === "vector" && valueType(right) === "vector") {
      throw unsupported(`${operator} between two vectors is`);
    }
    return arithmetic(operator, left, right, leftNode);
  }

  #unary(node: SyntaxNode): Expression {
    const [operator, operand] = childrenOf(node);
    if (operator === undefined || operand === undefined) throw bad("a sign lacks its expression");
    const of = this.expression(operand);
    if (valueType(of) === "matrix") {
      throw bad(
        'unary expression only allowed on expressions of type scalar or instant vector, got "range vector"',
      );
    }
    return this.#text(operator) === "-" ? { type: "negation", of } : of;
  }
}

/** `-2 ^ 2` is -4: the sign of a number binds less than a power, though the parser gives it to the number. */
function arithmetic(
  operator: Arithmetic,
  left: Expression,
  right: Expression,
  leftNode: SyntaxNode,
): Expression {
  const isSigned = leftNode.name === "NumberDurationLiteral" && left.type === "number" && left.value < 0;
  if (operator !== "^" || !isSigned) return { type: "arithmetic", operator, left, right };
  const base: Expression = { type: "number", value: -left.value };
  return { type: "negation", of: { type: "arithmetic", operator, left: base, right } };
}
