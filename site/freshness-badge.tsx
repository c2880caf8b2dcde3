import { freshness } from "./freshness.ts";
import { useStore, useTick } from "./hooks.ts";
import { useLive } from "./live.ts";
import type { LiveSeries } from "./live-series.ts";
import type { Traits } from "./traits.ts";

/** How old a panel's data are, told anew each second whether any come or not. */
export function FreshnessBadge({ series, traits }: { series: LiveSeries | undefined; traits: Traits }) {
  const { view, state } = useLive();
  const connected = useStore(state).phase === "open";
  const pausedAtMs = useStore(view.pausedAtMs);
  useTick(1_000);
  if (series === undefined || (!series.ready && connected)) return <span class="freshness" />;
  const { tone, text } = freshness({
    nowMs: view.clockMs(),
    connected,
    pausedAtMs,
    freshAtMs: series.freshAtMs,
    rhythmMs: series.rhythmMs,
    traits,
  });
  return (
    <span class={`freshness freshness-${tone}`}>
      <span class="freshness-dot" aria-hidden="true" />
      {text}
    </span>
  );
}
