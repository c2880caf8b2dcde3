import type { Group } from "../../protocol/series.ts";
import { formatSpan } from "../format.ts";
import { groupLabels } from "../series/group-label.ts";
import { PanelNote } from "../panels/panel-note.tsx";
import { drawnSpan, type PanelProps } from "../panels/panel-props.ts";
import { formatTime } from "../time/time-axis.ts";
import { isFixed, spanMs } from "../time/time-range.ts";
import { type DrawnMetric, traitsOf } from "../series/traits.ts";

export interface EmptyNoteProps extends PanelProps {
  metric: DrawnMetric | undefined;
  /** The groups that the panel is narrowed to. */
  groups: readonly Group[] | undefined;
}

/** As many groups are named. */
const MOST_NAMED = 3;

/** Why there is nothing to draw. */
export function EmptyNote(props: EmptyNoteProps) {
  return <PanelNote tone="empty" {...noteOf(props)} />;
}

function noteOf(props: EmptyNoteProps): { title: string; text: string } {
  const { range, series, traits, nowMs, metric, groups, now = props } = props;
  const { fromMs } = drawnSpan(props);
  if ([series, now.series].some(({ buffer: { newestMs = 0 } }) => newestMs >= fromMs)) {
    const text =
      "A window's value appears once there is something to compute it from, or to compare it with.";
    return { title: "No values yet", text };
  }
  const event = `${metric?.event ? ` named “${metric.event}”` : ""}${narrowed(groups)}`;
  if (isFixed(range)) {
    return { title: "Nothing in this range", text: `No events${event} are known from then.` };
  }
  const span = formatSpan(spanMs(range));
  if (traits.stepMs === traitsOf(metric).stepMs) {
    return { title: `Nothing in the last ${span}`, text: `Waiting for events${event}.` };
  }
  const due = formatTime(nextMs(nowMs, traits.stepMs), traits.stepMs);
  return {
    title: `No point in the last ${span} yet`,
    text: `Points are ${formatSpan(traits.stepMs)} apart here; the next is due ${due}.`,
  };
}

/** Of which groups: others may come all the time. */
function narrowed(groups: readonly Group[] = []): string {
  if (groups.length === 0) return "";
  if (groups.length > MOST_NAMED) return ` of ${groups.length} groups`;
  return ` of ${groupLabels(groups, "").join(", ")}`;
}

/** The end of the step that is open now: steps begin at multiples of their length. */
function nextMs(nowMs: number, stepMs: number): number {
  return Math.ceil(nowMs / stepMs) * stepMs;
}
