import type { AggregateName, AggregateSpec } from "../../../protocol/aggregate-spec.ts";
import type { Aggregate } from "./aggregate.ts";
import { avg } from "./avg.ts";
import { count } from "./count.ts";
import { histogram } from "./histogram.ts";
import { last } from "./last.ts";
import { max } from "./max.ts";
import { min } from "./min.ts";
import { percentile } from "./percentile.ts";
import { rate } from "./rate.ts";
import { sum } from "./sum.ts";
import { topk } from "./topk.ts";
import { uniques } from "./uniques.ts";

/** Every aggregate by its name in definitions. A new one is a file, a line here and a name in the protocol. */
const AGGREGATES: Record<AggregateName, (parameter: number) => Aggregate> = {
  count: () => count,
  rate: () => rate,
  sum: () => sum,
  min: () => min,
  max: () => max,
  avg: () => avg,
  last: () => last,
  percentile,
  uniques: () => uniques,
  topk,
  histogram: () => histogram,
};

/** The aggregate of a definition. */
export function aggregateOf({ fn, parameter }: AggregateSpec): Aggregate {
  return AGGREGATES[fn](parameter ?? 0);
}
