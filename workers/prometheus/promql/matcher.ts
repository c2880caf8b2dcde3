import { RE2JS } from "re2js";
import { PromqlError } from "./promql-error.ts";

export const MATCH_OPERATORS = ["=", "!=", "=~", "!~"] as const;
export type MatchOperator = (typeof MATCH_OPERATORS)[number];

/** A condition on one label. */
export interface Matcher {
  label: string;
  operator: MatchOperator;
  value: string;
  matches: (value: string) => boolean;
}

/**
 * Compiles a condition. Regular expressions are RE2's and match the whole value, as in Prometheus; and like those they
 * cannot be made to take long.
 */
export function compileMatcher(label: string, operator: MatchOperator, value: string): Matcher {
  return { label, operator, value, matches: testOf(operator, value) };
}

function testOf(operator: MatchOperator, value: string): (text: string) => boolean {
  if (operator === "=") return (text) => text === value;
  if (operator === "!=") return (text) => text !== value;
  const pattern = compilePattern(value);
  return operator === "=~" ? (text) => pattern.testExact(text) : (text) => !pattern.testExact(text);
}

function compilePattern(value: string): RE2JS {
  try {
    // Prometheus lets a dot match a line break.
    return RE2JS.compile(`^(?s:${value})$`);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new PromqlError("bad_data", `invalid parameter "query": parse error: ${reason}`);
  }
}

/** Whether all conditions hold; an absent label is the empty string. */
export function matchesLabels(matchers: readonly Matcher[], labels: ReadonlyMap<string, string>): boolean {
  return matchers.every(({ label, matches }) => matches(labels.get(label) ?? ""));
}
