import { aggregate } from "./aggregate.ts";
import type { Arithmetic, Expression, Selector } from "./expression.ts";
import { applyRangeFunction } from "./range-functions.ts";
import {
  type Budget,
  type Column,
  emptyColumn,
  joinSameLabels,
  type Labels,
  type SampleSeries,
  type Steps,
  type Value,
  withoutName,
} from "./series.ts";

/** How old a series' newest sample may be for it to have a value. */
export const LOOKBACK_MS = 300_000;

/** What a cell of a column takes of the budget, beside a sample that is looked at: it is held. */
const CELL_COST = 10;

/** What an evaluation needs: its times, samples, and a bound. */
export interface Evaluation {
  steps: Steps;
  /** The series of a selector, with all samples that it may need. */
  samplesOf: (selector: Selector) => readonly SampleSeries[];
  budget: Budget;
}

/** Evaluates an expression at every step. Pure. */
export function evaluate(expression: Expression, evaluation: Evaluation): Value {
  switch (expression.type) {
    case "number":
      return { type: "scalar", values: new Float64Array(evaluation.steps.count).fill(expression.value) };
    case "selector":
      return { type: "vector", columns: instantVector(expression, evaluation) };
    case "function": {
      const keepsName = expression.name === "last_over_time";
      const columns = evaluation.samplesOf(expression.of).map((series) => {
        const labels = keepsName ? series.labels : withoutName(series.labels);
        return rangeColumn(series, labels, evaluation, expression.of, (samples) => {
          evaluation.budget.take(samples.to - samples.from);
          return applyRangeFunction(expression.name, samples);
        });
      });
      return { type: "vector", columns: joinSameLabels(columns.filter(hasValues)) };
    }
    case "aggregation": {
      const of = evaluate(expression.of, evaluation);
      return {
        type: "vector",
        columns: of.type === "vector" ? aggregate(expression, of.columns, evaluation.steps) : [],
      };
    }
    case "negation":
      return mapValues(evaluate(expression.of, evaluation), (value) => -value);
    case "arithmetic": {
      const left = evaluate(expression.left, evaluation);
      const right = evaluate(expression.right, evaluation);
      const compute = OPERATIONS[expression.operator];
      if (left.type === "scalar")
        return mapValues(right, (value, i) => compute(left.values[i] ?? Number.NaN, value));
      const by = right.type === "scalar" ? right.values : new Float64Array();
      return mapValues(left, (value, i) => compute(value, by[i] ?? Number.NaN));
    }
  }
}

const OPERATIONS: Record<Arithmetic, (a: number, b: number) => number> = {
  "+": (a, b) => a + b,
  "-": (a, b) => a - b,
  "*": (a, b) => a * b,
  "/": (a, b) => a / b,
  "%": (a, b) => a % b,
  "^": power,
};

/** IEEE's pow, which unlike JavaScript's knows what 1 comes to whatever the exponent. */
function power(base: number, exponent: number): number {
  return base === 1 || (base === -1 && Math.abs(exponent) === Number.POSITIVE_INFINITY)
    ? 1
    : base ** exponent;
}

function mapValues(value: Value, change: (value: number, step: number) => number): Value {
  if (value.type === "scalar") return { type: "scalar", values: value.values.map(change) };
  const columns = value.columns.map(({ labels, values, present }) => ({
    labels: withoutName(labels),
    values: values.map(change),
    present,
  }));
  return { type: "vector", columns: joinSameLabels(columns) };
}

function hasValues({ present }: Column): boolean {
  return present.includes(1);
}

/** At each step the newest sample that is not too old. */
function instantVector(selector: Selector, evaluation: Evaluation): Column[] {
  const lookback = { ...selector, rangeMs: LOOKBACK_MS };
  return evaluation
    .samplesOf(selector)
    .map((series) =>
      rangeColumn(series, series.labels, evaluation, lookback, ({ v, from, to }) =>
        to > from ? v[to - 1] : undefined,
      ),
    )
    .filter(hasValues);
}

/** A value at each step from the samples in the range before it, `(end - range, end]`. */
function rangeColumn(
  { t, v }: SampleSeries,
  labels: Labels,
  { steps, budget }: Evaluation,
  { rangeMs = 0, offsetMs }: Selector,
  valueOf: (samples: Parameters<typeof applyRangeFunction>[1]) => number | undefined,
): Column {
  const column = emptyColumn(labels, steps);
  budget.take(steps.count * CELL_COST);
  let from = 0;
  let to = 0;
  for (let step = 0; step < steps.count; step++) {
    const endMs = steps.startMs + step * steps.stepMs - offsetMs;
    const startMs = endMs - rangeMs;
    while (to < t.length && (t[to] ?? 0) <= endMs) to++;
    while (from < to && (t[from] ?? 0) <= startMs) from++;
    const value = valueOf({ t, v, from, to, startMs, endMs });
    if (value === undefined) continue;
    column.values[step] = value;
    column.present[step] = 1;
  }
  return column;
}
