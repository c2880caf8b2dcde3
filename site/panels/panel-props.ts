import type { Panel } from "../../protocol/dashboard.ts";
import type { ColorSlots } from "../color-slots.ts";
import type { Unit } from "../format.ts";
import type { LiveSeries } from "../live-series.ts";
import type { Traits } from "../traits.ts";

/** What every kind of panel is drawn from. */
export interface PanelProps {
  panel: Panel;
  series: LiveSeries;
  traits: Traits;
  unit: Unit;
  colors: ColorSlots;
  rangeMs: number;
  /** The time to draw, on the server's clock. */
  nowMs: number;
  /** Nothing that arrives is to be shown. */
  paused: boolean;
}

/** The span of time to draw: up to now, and a little further, so that the window that is open now is seen. */
export function drawnSpan({ nowMs, rangeMs, traits }: PanelProps): { fromMs: number; toMs: number } {
  return { fromMs: nowMs - rangeMs, toMs: nowMs + Math.min(traits.stepMs, rangeMs * 0.04) };
}
