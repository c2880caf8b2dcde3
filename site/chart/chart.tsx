import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { ChartView, type ChartInput } from "./chart-view.ts";
import { lowerBound } from "../series/series.ts";
import { theme } from "../theme.ts";
import { movedRange, type FixedRange } from "../time/time-range.ts";

export interface ChartProps extends ChartInput {
  /** What the chart shows, for those who cannot see it. */
  label: string;
  /** What the row of the picture says that the cursor stands at, or what is so now. Absent: the chart has no cursor, as a sparkline. */
  valueText?: (index: number | undefined) => string;
  /** The row of the picture under the cursor, or undefined. */
  onHover?: (index: number | undefined) => void;
  /** Somebody has zoomed or panned to a span. */
  onRange?: (range: FixedRange, how: "zoom" | "pan") => void;
}

/** Steps of the cursor for each key: points, or to the first or last one. */
const CURSOR_KEYS: Record<string, number> = {
  ArrowLeft: -1,
  ArrowRight: 1,
  PageDown: -10,
  PageUp: 10,
  Home: Number.NEGATIVE_INFINITY,
  End: Number.POSITIVE_INFINITY,
};

/** A chart that is drawn anew with every render, on one uPlot that stays. */
export function Chart({ label, valueText, onHover, onRange, ...input }: ChartProps) {
  const host = useRef<HTMLDivElement>(null);
  const chart = useRef<ChartView>(undefined);
  const told = useRef({ onHover, onRange, valueText });
  told.current = { onHover, onRange, valueText };
  const say = (index?: number): void => {
    const text = told.current.valueText?.(index);
    if (text !== undefined) host.current?.setAttribute("aria-valuetext", text);
  };

  useLayoutEffect(() => {
    if (host.current === null) return;
    const created = new ChartView(host.current, {
      onHover: (index) => {
        told.current.onHover?.(index);
        say(index);
      },
      onRange: (range, how) => told.current.onRange?.(range, how),
    });
    chart.current = created;
    // Who has come to the panel before there was a chart goes on in it.
    const panel = host.current.closest<HTMLElement>("[data-panel]");
    if (document.activeElement === panel) host.current.focus();
    return () => {
      // Nor does who is in it lose the panel where something takes its place.
      if (document.activeElement === host.current) panel?.focus();
      created.destroy();
    };
  }, []);
  useLayoutEffect(() => chart.current?.draw(input));
  // Who has come to an empty chart hears of the first points without a move.
  useEffect(() => {
    if (document.activeElement === host.current) say();
  }, [hasPoints(input)]);
  useEffect(() => theme.subscribe(() => chart.current?.repaint()), []);

  if (valueText === undefined) return <div class="chart" ref={host} role="img" aria-label={label} />;
  return (
    <div
      class="chart"
      ref={host}
      role="slider"
      tabIndex={0}
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={100}
      onFocus={() => say()}
      onKeyDown={(event) => {
        if (event.altKey || event.ctrlKey || event.metaKey) return;
        if (event.shiftKey) return;
        const by = CURSOR_KEYS[event.key];
        // Without a point that the cursor could go to, the keys lead to where there are some.
        if (by !== undefined && !hasPoints(input)) onRange?.(movedRange(input, Math.sign(by) / 2), "pan");
        else if (!steer(event.key, chart.current)) return;
        event.preventDefault();
        event.stopPropagation();
      }}
      onBlur={() => chart.current?.clearCursor()}
    />
  );
}

function hasPoints({ picture: { x }, fromMs, toMs }: ChartInput): boolean {
  return lowerBound(x, fromMs) < lowerBound(x, toMs + 1);
}

/** Whether the key was one of the cursor's. */
function steer(key: string, chart: ChartView | undefined): boolean {
  if (key === "Escape" && chart?.hasCursor === true) {
    chart.clearCursor();
    return true;
  }
  const by = CURSOR_KEYS[key];
  if (by === undefined) return false;
  chart?.moveCursor(by);
  return true;
}
