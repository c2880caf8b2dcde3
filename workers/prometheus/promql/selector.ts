import type { SyntaxNode } from "@lezer/common";
import { NAME_LABEL } from "../../../protocol/prometheus-names.ts";
import type { Selector } from "./expression.ts";
import { parsePromDuration, unquote } from "./literals.ts";
import { compileMatcher, MATCH_OPERATORS, type Matcher } from "./matcher.ts";
import { unsupported } from "./promql-error.ts";
import { bad, childrenOf, parseSyntax } from "./syntax.ts";

/** Reads a selector alone: what `match[]` takes. */
export function parseSelector(text: string): Selector {
  const [node, ...more] = childrenOf(parseSyntax(text).topNode);
  if (node?.name !== "VectorSelector" || more.length > 0) throw bad(`${text} is not a selector`);
  return selectorOf(node, text);
}

/** A `VectorSelector` of the tree. */
export function selectorOf(node: SyntaxNode, query: string): Selector {
  const matchers: Matcher[] = [];
  for (const child of childrenOf(node)) {
    if (child.name === "Identifier") {
      matchers.push(compileMatcher(NAME_LABEL, "=", query.slice(child.from, child.to)));
    } else {
      matchers.push(...childrenOf(child).map((matcher) => matcherOf(matcher, query)));
    }
  }
  if (matchers.filter(({ label, operator }) => label === NAME_LABEL && operator === "=").length > 1) {
    throw bad("metric name must not be set twice");
  }
  if (matchers.every(({ matches }) => matches(""))) {
    throw bad("vector selector must contain at least one non-empty matcher");
  }
  return { type: "selector", matchers, offsetMs: 0 };
}

function matcherOf(node: SyntaxNode, query: string): Matcher {
  const text = (part: SyntaxNode | undefined): string => (part ? query.slice(part.from, part.to) : "");
  // A quoted name alone is that of the metric.
  if (node.name === "QuotedLabelName") return compileMatcher(NAME_LABEL, "=", unquote(text(node)));
  const [label, operatorNode, value] = childrenOf(node);
  const operator = MATCH_OPERATORS.find((each) => each === text(operatorNode));
  if (operator === undefined) throw bad(`unknown operator ${text(operatorNode)}`);
  const name = label?.name === "QuotedLabelName" ? unquote(text(label)) : text(label);
  return compileMatcher(name, operator, unquote(text(value)));
}

/** A `DurationExpr`, or what stands for one after `offset`: milliseconds. */
export function durationOf(node: SyntaxNode, query: string): number {
  const [first, second] = childrenOf(node);
  if (first?.name === "UnaryOp" && second !== undefined) {
    return (query.slice(first.from, first.to) === "-" ? -1 : 1) * durationOf(second, query);
  }
  if (first?.name !== "NumberDurationLiteralInDurationContext" || second !== undefined) {
    throw unsupported("durations that are computed are");
  }
  const text = query.slice(first.from, first.to);
  const ms = parsePromDuration(text.replace(/^[-+]/, "")) ?? Number(text) * 1_000;
  if (!Number.isFinite(ms)) throw bad(`bad duration ${text}`);
  return text.startsWith("-") && ms > 0 ? -ms : ms;
}
