import { NAME_LABEL } from "../../../protocol/prometheus-names.ts";
import { PromqlError } from "./promql-error.ts";

export type Labels = ReadonlyMap<string, string>;

/** Samples of one series, ascending in `t` (epoch ms). */
export interface SampleSeries {
  labels: Labels;
  t: readonly number[];
  v: readonly number[];
}

/** The times at which a query is evaluated. */
export interface Steps {
  startMs: number;
  stepMs: number;
  count: number;
}

/** One series of a result: its value at each step, where it has one. */
export interface Column {
  labels: Labels;
  values: Float64Array;
  present: Uint8Array;
}

export type Value = { type: "scalar"; values: Float64Array } | { type: "vector"; columns: Column[] };

/** Bounds the work and the memory of one query. */
export class Budget {
  #left: number;
  readonly #most: number;

  constructor(most: number) {
    this.#left = this.#most = most;
  }

  /** @throws PromqlError once more than the bound has been taken. */
  take(samples: number): void {
    this.#left -= samples;
    if (this.#left >= 0) return;
    throw new PromqlError(
      "execution",
      `query processing would load more than ${this.#most} samples: ask for fewer series, a shorter time or a longer step`,
    );
  }
}

export function emptyColumn(labels: Labels, steps: Steps): Column {
  return { labels, values: new Float64Array(steps.count), present: new Uint8Array(steps.count) };
}

export function withoutName(labels: Labels): Labels {
  return new Map([...labels].filter(([name]) => name !== NAME_LABEL));
}

/** Labels as text that is the same for the same labels; `labels` ascend by name. */
export function labelKey(labels: Labels): string {
  return JSON.stringify([...labels]);
}

/**
 * Series of one name once names are dropped: those that never have a value at the same time are one.
 *
 * @throws PromqlError where two have.
 */
export function joinSameLabels(columns: readonly Column[]): Column[] {
  const byLabels = new Map<string, Column>();
  for (const column of columns) {
    const key = labelKey(column.labels);
    const known = byLabels.get(key);
    if (known === undefined) byLabels.set(key, column);
    else joinInto(known, column);
  }
  return [...byLabels.values()];
}

function joinInto(column: Column, other: Column): void {
  for (const [i, isPresent] of other.present.entries()) {
    if (isPresent === 0) continue;
    if (column.present[i] !== 0) {
      throw new PromqlError("execution", "vector cannot contain metrics with the same labelset");
    }
    column.present[i] = 1;
    column.values[i] = other.values[i] ?? Number.NaN;
  }
}
