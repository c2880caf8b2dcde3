import type { AggregateName } from "../protocol/aggregate-spec.ts";
import { type Metric, type MetricSource, parseMetric } from "../protocol/metric.ts";

/** A definition as panels draw it: of a view, that of its first metric, with values that do not add up. */
export interface DrawnMetric extends MetricSource {
  /** Of a ratio or a relative change: 1 is the whole. */
  isFraction?: boolean;
}

/** What a metric's definition means for drawing it. */
export interface Traits {
  /** Values of several groups at one window add up to the value of all: count, sum and rate. */
  additive: boolean;
  /** How one number stands for several groups. */
  combine: "sum" | "lowest" | "highest" | "mean";
  /** Distance of two windows' ends. */
  stepMs: number;
  sizeMs: number;
  /** How long a window waits for stragglers before it is final. */
  delayMs: number;
  tumbling: boolean;
}

const COMBINE: Record<AggregateName, Traits["combine"]> = {
  count: "sum",
  sum: "sum",
  rate: "sum",
  min: "lowest",
  max: "highest",
  avg: "mean",
  last: "mean",
  percentile: "highest",
  uniques: "highest",
  topk: "sum",
};

/** For a metric that the catalog does not have: nothing is assumed that could make a number wrong. */
const UNKNOWN: Traits = {
  additive: false,
  combine: "mean",
  stepMs: 1000,
  sizeMs: 1000,
  delayMs: 2000,
  tumbling: true,
};

/** The traits of a definition as the catalog lists it. */
export function traitsOf(drawn: DrawnMetric | undefined): Traits {
  if (drawn === undefined) return UNKNOWN;
  const { isFraction: _, ...source } = drawn;
  const parsed = parseMetric(source.name, source);
  return parsed.ok ? fromMetric(parsed.value) : UNKNOWN;
}

function fromMetric({ aggregate, window, delayMs }: Metric): Traits {
  const combine = COMBINE[aggregate.fn];
  return {
    additive: combine === "sum",
    combine,
    stepMs: window.everyMs,
    sizeMs: window.sizeMs,
    delayMs,
    tumbling: window.type !== "sliding",
  };
}
