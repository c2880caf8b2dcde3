import { formatSpan } from "../format.ts";
import { useLoaded, useStore, useTick } from "../hooks.ts";
import { ChevronIcon, ClockIcon, NowIcon, PauseIcon, PlayIcon } from "../icons.tsx";
import { useLive } from "../series/live.ts";
import { Popover } from "../popover.tsx";
import { describeRange, isFixed } from "../time/time-range.ts";

const loadPicker = async () => (await import("../on-demand/range-picker.tsx")).RangePicker;

/** Which time is shown, and whether it moves. `ownMs`: the dashboard's range, while nobody chose another. */
export function TimeControls({ ownMs, metrics }: { ownMs: number; metrics: readonly string[] }) {
  const { view } = useLive();
  const range = useStore(view.range) ?? { lastMs: ownMs };
  return (
    <div class="time-controls">
      <Popover
        kind="dialog"
        name="range"
        label={`Time range: ${describeRange(range)}`}
        buttonClass="button range"
        face={
          <>
            <ClockIcon />
            <span class="range-text">{describeRange(range)}</span>
            <ChevronIcon />
          </>
        }
      >
        {(close) => <LazyPicker ownMs={ownMs} metrics={metrics} onClose={close} />}
      </Popover>
      <FollowButton />
    </div>
  );
}

function LazyPicker(props: { ownMs: number; metrics: readonly string[]; onClose: () => void }) {
  const { value: Picker, failed } = useLoaded(loadPicker, []);
  if (failed) return <p class="popover-note">The picker cannot be loaded: is the server there?</p>;
  return Picker === undefined ? <div class="picker-room" /> : <Picker {...props} />;
}

/** Pause, go on, or back to now: the one of them that makes sense. */
function FollowButton() {
  const { view } = useLive();
  const pausedAtMs = useStore(view.pausedAtMs);
  const fixed = isFixed(useStore(view.range));
  if (!fixed && pausedAtMs === undefined) {
    return (
      <button
        type="button"
        class="button follow"
        title="Hold the charts still; nothing is lost meanwhile (space)"
        onClick={() => view.togglePaused()}
      >
        <PauseIcon />
        Pause
      </button>
    );
  }
  return (
    <button
      type="button"
      class="button button-primary follow"
      title="Show what is happening now (n)"
      onClick={() => view.follow()}
    >
      {fixed ? <NowIcon /> : <PlayIcon />}
      {fixed ? "Now" : "Resume"}
      {!fixed && pausedAtMs !== undefined && <Behind sinceMs={pausedAtMs} />}
    </button>
  );
}

function Behind({ sinceMs }: { sinceMs: number }) {
  const { view } = useLive();
  useTick(1_000);
  const seconds = Math.max(0, Math.round((view.clockMs() - sinceMs) / 1_000));
  const text = seconds < 60 ? `${seconds} s` : formatSpan(Math.round(seconds / 60) * 60_000);
  return <span class="behind">{`+${text}`}</span>;
}
