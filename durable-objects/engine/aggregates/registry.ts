import type { AggregateName } from "../../../protocol/metric.ts";
import type { Aggregate } from "./aggregate.ts";
import { avg } from "./avg.ts";
import { count } from "./count.ts";
import { max } from "./max.ts";
import { min } from "./min.ts";
import { rate } from "./rate.ts";
import { sum } from "./sum.ts";

/** Every aggregate by its name in definitions. A new one is a file, a line here and a name in the protocol. */
export const AGGREGATES: Record<AggregateName, Aggregate> = { count, rate, sum, min, max, avg };
