import type { Event, PropValue } from "../../protocol/event.ts";
import type { EventField, WhereExpression, WhereOperand, WhereOperator } from "../../protocol/where.ts";
import { propOf } from "./prop-of.ts";

type Test = (event: Event) => boolean;
type Read = (event: Event) => PropValue;
type Compare = (left: PropValue, right: PropValue) => boolean;

const EVENT_FIELD: Record<EventField, Read> = {
  name: (event) => event.name,
  user: (event) => event.user ?? null,
  value: (event) => event.value ?? null,
  id: (event) => event.id ?? null,
  ts: (event) => event.ts,
};

const COMPARE: Record<WhereOperator, Compare> = {
  "=": (left, right) => left === right,
  "!=": (left, right) => left !== right,
  "<": (left, right) => order(left, right) < 0,
  "<=": (left, right) => order(left, right) <= 0,
  ">": (left, right) => order(left, right) > 0,
  ">=": (left, right) => order(left, right) >= 0,
  contains: (left, right) => typeof left === "string" && typeof right === "string" && left.includes(right),
  startsWith: (left, right) =>
    typeof left === "string" && typeof right === "string" && left.startsWith(right),
  endsWith: (left, right) => typeof left === "string" && typeof right === "string" && left.endsWith(right),
};

/** Turns a condition into a function, once. It runs for every event: it never throws and allocates nothing. */
export function compileWhere(expression: WhereExpression): Test {
  switch (expression.type) {
    case "and":
      return every(expression.operands.map((operand) => compileWhere(operand)));
    case "or":
      return some(expression.operands.map((operand) => compileWhere(operand)));
    case "not": {
      const test = compileWhere(expression.operand);
      return (event) => !test(event);
    }
    case "field": {
      const read = readerOf(expression.field);
      return (event) => read(event) === true;
    }
    case "in": {
      const read = readerOf(expression.operand);
      const values = new Set(expression.values);
      return (event) => values.has(read(event));
    }
    case "comparison":
      return comparison(COMPARE[expression.operator], readerOf(expression.left), expression.right);
  }
}

function every(tests: Test[]): Test {
  return (event) => {
    for (let i = 0; i < tests.length; i += 1) if (tests[i]?.(event) !== true) return false;
    return true;
  };
}

function some(tests: Test[]): Test {
  return (event) => {
    for (let i = 0; i < tests.length; i += 1) if (tests[i]?.(event) === true) return true;
    return false;
  };
}

/** Nearly every right-hand side is a literal: that one is not called for. */
function comparison(compare: Compare, left: Read, right: WhereOperand): Test {
  if (right.type === "literal") {
    const { value } = right;
    return (event) => compare(left(event), value);
  }
  const read = readerOf(right);
  return (event) => compare(left(event), read(event));
}

function readerOf(operand: WhereOperand): Read {
  if (operand.type === "literal") return () => operand.value;
  if (operand.type === "eventField") return EVENT_FIELD[operand.name];
  const { name } = operand;
  return (event) => propOf(event, name) ?? null;
}

/** Below, at or above zero; NaN, which is none of these, where the two are not both numbers or both strings. */
function order(left: PropValue, right: PropValue): number {
  if (typeof left === "number" && typeof right === "number") return left - right;
  if (typeof left !== "string" || typeof right !== "string") return Number.NaN;
  return left < right ? -1 : left === right ? 0 : 1;
}
