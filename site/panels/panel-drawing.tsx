import { useSeriesFrames } from "../hooks.ts";
import { useLive } from "../series/live.ts";
import { PanelBody, type PanelBodyProps } from "./panel-body.tsx";
import { readAtMs } from "./panel-props.ts";
import { spanMs } from "../time/time-range.ts";

interface PanelDrawingProps extends Omit<PanelBodyProps, "nowMs"> {
  /** Somebody sees it, and it follows the time. */
  active: boolean;
  /** In CSS pixels. */
  width: number;
}

/** A chart moves when it has moved by a pixel: more often cannot be seen, and text changes each second at least. */
const FRAME_LEAST_MS = 50;
const FRAME_MOST_MS = 1_000;

/** The part of a panel that is drawn again with every frame of data, and as time goes on. */
export function PanelDrawing({ active, width, ...body }: PanelDrawingProps) {
  const { view } = useLive();
  const { series, range, now } = body;
  useSeriesFrames(series, active, frameMs(spanMs(range), width));
  return (
    <PanelBody {...body} now={now?.series.ready === true ? now : undefined} nowMs={readAtMs(range, view)} />
  );
}

function frameMs(rangeMs: number, width: number): number {
  const pixelMs = width === 0 ? FRAME_MOST_MS : rangeMs / width;
  return Math.round(Math.min(FRAME_MOST_MS, Math.max(FRAME_LEAST_MS, pixelMs)));
}
