import type { Matcher } from "./matcher.ts";

export const RANGE_FUNCTIONS = [
  "rate",
  "increase",
  "sum_over_time",
  "avg_over_time",
  "min_over_time",
  "max_over_time",
  "count_over_time",
  "last_over_time",
] as const;
export type RangeFunction = (typeof RANGE_FUNCTIONS)[number];

export const AGGREGATIONS = ["sum", "avg", "min", "max", "count"] as const;
export type Aggregation = (typeof AGGREGATIONS)[number];

export const ARITHMETIC = ["+", "-", "*", "/", "%", "^"] as const;
export type Arithmetic = (typeof ARITHMETIC)[number];

/** What picks series: without a range the newest sample of each, with one all samples within. */
export interface Selector {
  type: "selector";
  matchers: Matcher[];
  offsetMs: number;
  rangeMs?: number;
}

/** A query in the part of PromQL that is answered from the window objects. */
export type Expression =
  | { type: "number"; value: number }
  | Selector
  | { type: "function"; name: RangeFunction; of: Selector }
  | { type: "aggregation"; name: Aggregation; of: Expression; by: boolean; labels: string[] }
  | { type: "arithmetic"; operator: Arithmetic; left: Expression; right: Expression }
  | { type: "negation"; of: Expression };

export type ValueType = "scalar" | "vector" | "matrix";

/** What kind of value an expression has. */
export function valueType(expression: Expression): ValueType {
  switch (expression.type) {
    case "number":
      return "scalar";
    case "selector":
      return expression.rangeMs === undefined ? "vector" : "matrix";
    case "function":
    case "aggregation":
      return "vector";
    case "negation":
      return valueType(expression.of);
    case "arithmetic":
      return valueType(expression.left) === "scalar" ? valueType(expression.right) : "vector";
  }
}

/** Every selector of an expression. */
export function selectorsOf(expression: Expression): Selector[] {
  switch (expression.type) {
    case "number":
      return [];
    case "selector":
      return [expression];
    case "function":
    case "aggregation":
    case "negation":
      return selectorsOf(expression.of);
    case "arithmetic":
      return [...selectorsOf(expression.left), ...selectorsOf(expression.right)];
  }
}
