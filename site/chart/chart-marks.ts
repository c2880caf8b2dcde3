import type uPlot from "uplot";
import type { GroupThreshold } from "../panels/group-thresholds.ts";
import type { ChartMark } from "../slots.ts";

/** What is drawn over a chart's data: values that matter, and what happened when. */
export interface ChartMarks {
  thresholds: readonly GroupThreshold[];
  events: readonly ChartMark[];
}

/** A threshold further away than this many times the data would flatten them. */
const REACH = 2;
/** A cursor this near to a mark means it. */
const NEAR_PX = 5;

/** The range of values to draw, widened to thresholds within reach. */
export function markReach(low: number, high: number, marks: ChartMarks | undefined): [number, number] {
  let [least, most] = [low, high];
  for (const { value } of marks?.thresholds ?? []) {
    if (value > most && (high === 0 || value <= high * REACH)) most = value;
    if (value < least && value >= low * REACH) least = value;
  }
  return [least, most];
}

/** The mark that the cursor is at, `left` CSS pixels from the plot's edge. */
export function markAt(plot: uPlot, marks: ChartMarks | undefined, left: number): ChartMark | undefined {
  return marks?.events.find(({ at, to = at }) => {
    return left >= plot.valToPos(at, "x") - NEAR_PX && left <= plot.valToPos(to, "x") + NEAR_PX;
  });
}
