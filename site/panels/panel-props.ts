import type { Panel } from "../../protocol/dashboard.ts";
import type { ChartMarks } from "../chart-marks.ts";
import type { ColorSlots } from "../color-slots.ts";
import type { Unit } from "../format.ts";
import type { PanelSeries } from "../panel-series.ts";
import { isFixed, type FixedRange, type TimeRange } from "../time-range.ts";
import type { Traits } from "../traits.ts";
import type { View } from "../view.ts";

/** Points to read values from. */
export interface Readable {
  series: PanelSeries;
  traits: Traits;
}

/** What every kind of panel is drawn from. */
export interface PanelProps {
  panel: Panel;
  series: PanelSeries;
  traits: Traits;
  /** What is so this second, where the points drawn are further apart than that. */
  now?: Readable | undefined;
  unit: Unit;
  colors: ColorSlots;
  range: TimeRange;
  marks: ChartMarks;
  /** {@link readAtMs}. */
  nowMs: number;
  /** Nothing that arrives is to be shown. */
  paused: boolean;
  /** Somebody has zoomed or panned in a chart. */
  onRange: (range: FixedRange, how: "zoom" | "pan") => void;
}

/** The time to read values at, on the server's clock: now, or the end of a fixed range. */
export function readAtMs(range: TimeRange, view: View): number {
  return isFixed(range) ? Math.min(range.toMs, view.clockMs()) : view.nowMs();
}

/**
 * The span of time to draw: a fixed range, or up to now and a little further, so that the window that is open now is
 * seen.
 */
export function drawnSpan({ nowMs, range, traits }: PanelProps): FixedRange {
  if (isFixed(range)) return range;
  const aheadMs = Math.min(traits.stepMs, range.lastMs * 0.04);
  return { fromMs: nowMs - range.lastMs, toMs: nowMs + aheadMs };
}
