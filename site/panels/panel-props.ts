import type { Panel } from "../../protocol/dashboard.ts";
import type { ChartMarks } from "../chart/chart-marks.ts";
import type { ColorSlots } from "../chart/color-slots.ts";
import { formatSpan, type Unit } from "../format.ts";
import type { PanelSeries } from "../series/panel-series.ts";
import { isKnownZero, readings, withPast, type Reading } from "../series/reading.ts";
import { isFixed, type FixedRange, type TimeRange } from "../time/time-range.ts";
import type { Traits } from "../series/traits.ts";
import type { View } from "../time/view.ts";

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
export function drawnSpan({
  nowMs,
  range,
  traits,
}: Pick<PanelProps, "nowMs" | "range" | "traits">): FixedRange {
  if (isFixed(range)) return range;
  const aheadMs = Math.min(traits.stepMs, range.lastMs * 0.04);
  return { fromMs: nowMs - range.lastMs, toMs: nowMs + aheadMs };
}

/** The value of each group at `nowMs`: zero of those that are known to have counted nothing since. */
export function readingsNow({ series, traits, now, nowMs }: PanelProps): Reading[] {
  const read = now ?? { series, traits };
  const { buffer, watermark } = read.series;
  const isZero = isKnownZero(buffer, read.traits, watermark, nowMs);
  const found = isZero ? [] : readings(buffer, read.traits, nowMs);
  return isZero || now !== undefined ? withPast(found, series.buffer, traits, nowMs) : found;
}

/** How much what is so now, and a point that is drawn, stand for, where these are not the same: ` per 1 s`. */
export function scales({ traits, now }: PanelProps): { now: string; drawn: string } {
  if (now === undefined || !traits.additive || !traits.tumbling) return { now: "", drawn: "" };
  const per = ({ stepMs }: Traits): string => ` per ${formatSpan(stepMs)}`;
  return { now: per(now.traits), drawn: per(traits) };
}
