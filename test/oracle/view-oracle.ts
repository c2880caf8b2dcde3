import type { ExpectedSteps } from "./answer-faults.ts";

/** The values of a view by `step's end group`. */
export type ExpectedView = Map<string, number>;

/** The ratio of two counts: a step without the numerator is a zero, one without the denominator nothing. */
export function expectedRatio(numerator: ExpectedSteps, denominator: ExpectedSteps): ExpectedView {
  return new Map(
    [...denominator].map(([name, samples]) => [name, (numerator.get(name)?.length ?? 0) / samples.length]),
  );
}

/** A count against that of `agoMs` before: only where there was one then. */
export function expectedChange(counts: ExpectedSteps, agoMs: number): ExpectedView {
  const changes: ExpectedView = new Map();
  for (const [name, { length: before }] of counts) {
    const [end = "", group = ""] = name.split(/ (.*)/s);
    const later = `${Number(end) + agoMs} ${group}`;
    changes.set(later, ((counts.get(later)?.length ?? 0) - before) / before);
  }
  return changes;
}
