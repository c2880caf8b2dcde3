import { freshness } from "../series/freshness.ts";
import { useSeriesFrames, useStore, useTick } from "../hooks.ts";
import { useLive } from "../series/live.ts";
import type { PanelSeries } from "../series/panel-series.ts";
import type { Readable } from "./panel-props.ts";
import type { Traits } from "../series/traits.ts";

interface FreshnessBadgeProps {
  series: PanelSeries | undefined;
  traits: Traits;
  now: Readable | undefined;
  /** Whether a fixed range is shown. */
  isPast: boolean;
}

/** How old a panel's data are, told anew each second whether any come or not. */
export function FreshnessBadge({ now, isPast, ...drawn }: FreshnessBadgeProps) {
  const { view, state } = useLive();
  const connected = useStore(state).phase === "open";
  const pausedAtMs = useStore(view.pausedAtMs);
  // Whoever has told nothing for a while is as old as the newest point that is drawn.
  const { series, traits } = now?.series.freshAtMs === undefined ? drawn : now;
  useTick(1_000);
  useSeriesFrames(series, false, 1_000);
  const failed = drawn.series?.error !== undefined;
  if (series === undefined || (!series.ready && connected && !failed)) return <span class="freshness" />;
  const { tone, text } = freshness({
    nowMs: view.clockMs(),
    connected,
    pausedAtMs,
    freshAtMs: series.freshAtMs,
    rhythmMs: series.rhythmMs,
    traits,
    isPast,
    failed,
  });
  return (
    <span class={`freshness freshness-${tone}`}>
      <span class="freshness-dot" aria-hidden="true" />
      {series.merged > 0 && <Merged count={series.merged} />}
      {tone === "live" && <span class="visually-hidden">live · </span>}
      {text}
    </span>
  );
}

/** How many frames did not come by themselves: the page, or the way to it, was slower than the data. */
function Merged({ count }: { count: number }) {
  const text = `${count} ${count === 1 ? "frame" : "frames"} merged, as this page was slow`;
  return (
    <span class="freshness-merged" title={text}>
      <span aria-hidden="true">{`⇉ ${count}`}</span>
      <span class="visually-hidden">{`${text}, `}</span>
    </span>
  );
}
