import type { MetricSource } from "../../protocol/metric.ts";
import { parseDuration } from "../../protocol/time.ts";

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
  /** Distance of two points. */
  stepMs: number;
  /** What of the time before it a point stands for. */
  sizeMs: number;
  /** How long a window waits for stragglers before it is final. */
  delayMs: number;
  tumbling: boolean;
  /** Of a histogram the key of its groups that names the bucket. */
  bucketKey?: string | undefined;
}

const DEFAULT_DELAY = "2s";
const DEFAULT_SLICE = "1m";
/** By the aggregate's name; a percentile's is `p` and digits. */
const COMBINE: Record<string, Traits["combine"]> = {
  count: "sum",
  sum: "sum",
  rate: "sum",
  topk: "sum",
  histogram: "sum",
  min: "lowest",
  max: "highest",
  p: "highest",
  uniques: "highest",
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

/**
 * The traits of a definition as the catalog lists it. The catalog has checked it, so that no more is read here than is
 * needed: the parsers are a tenth of what the page would weigh.
 */
export function traitsOf(drawn: DrawnMetric | undefined): Traits {
  if (drawn === undefined) return UNKNOWN;
  const { type, size, every = type === "session" ? DEFAULT_SLICE : size } = drawn.window;
  const stepMs = parseDuration(every);
  if (stepMs === undefined) return UNKNOWN;
  const combine = COMBINE[/^[a-z]*/.exec(drawn.aggregate)?.[0] ?? ""] ?? "mean";
  return {
    additive: combine === "sum",
    combine,
    stepMs,
    sizeMs: parseDuration(size) ?? stepMs,
    delayMs: parseDuration(drawn.delay ?? DEFAULT_DELAY) ?? UNKNOWN.delayMs,
    tumbling: type !== "sliding",
    bucketKey: /^\s*histogram\s*\(\s*(.*?)\s*\)/.exec(drawn.aggregate)?.[1],
  };
}

/** The traits of points that are `stepMs` apart: those of windows that do not overlap stand for as much. */
export function resampledTraits(traits: Traits, stepMs: number): Traits {
  if (stepMs === traits.stepMs) return traits;
  return { ...traits, stepMs, sizeMs: traits.tumbling ? stepMs : traits.sizeMs };
}
