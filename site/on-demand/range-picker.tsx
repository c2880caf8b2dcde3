import { useId, useState } from "preact/hooks";
import { parseDuration } from "../../protocol/time.ts";
import { formatSpan } from "../format.ts";
import { useStore } from "../hooks.ts";
import { useLive } from "../series/live.ts";
import type { RunQuery } from "../series/past-series.ts";
import { useQuery } from "../series/query.ts";
import "../styles/form.css";
import "../styles/picker.css";
import { isFixed, RANGE_CHOICES, SHORTEST_RANGE_MS, spanMs } from "../time/time-range.ts";

const UNITS_MS = [86_400_000, 3_600_000, 60_000];

/** The choice of a range: the last so much, or from one time to another in the visitor's zone. */
export function RangePicker({
  ownMs,
  metrics,
  onClose,
}: {
  ownMs: number;
  metrics: readonly string[];
  onClose: () => void;
}) {
  const { view } = useLive();
  const query = useQuery();
  const [isAsking, setAsking] = useState(false);
  const chosen = useStore(view.range);
  const current = isFixed(chosen) ? undefined : (chosen?.lastMs ?? ownMs);
  const choose = (lastMs: number | undefined): void => {
    view.choose(lastMs === undefined ? undefined : { lastMs });
    onClose();
  };
  const chooseAll = async (): Promise<void> => {
    setAsking(true);
    const nowMs = view.clockMs();
    const firstMs = await earliestMs(query, metrics, nowMs);
    choose(firstMs === undefined ? undefined : roundUp(nowMs - firstMs));
  };
  return (
    <div class="picker">
      <div class="picker-last">
        <p class="picker-head" id="picker-last">
          Up to now
        </p>
        <div class="picker-choices" role="group" aria-labelledby="picker-last">
          {RANGE_CHOICES.map((text) => {
            const ms = parseDuration(text) ?? 0;
            return (
              <button
                key={text}
                type="button"
                class="picker-choice"
                aria-pressed={ms === current}
                onClick={() => choose(ms)}
              >
                {formatSpan(ms)}
              </button>
            );
          })}
          <button type="button" class="picker-choice" disabled={isAsking} onClick={() => void chooseAll()}>
            Everything
          </button>
        </div>
        {chosen !== undefined && (
          <button type="button" class="picker-reset" onClick={() => choose(undefined)}>
            The dashboard’s own range
          </button>
        )}
      </div>
      <FixedForm onClose={onClose} ownMs={ownMs} />
    </div>
  );
}

/** A span as people say it: in days from three days on, in hours from three hours on, else in minutes. */
function roundUp(ms: number): number {
  const unitMs = UNITS_MS.find((unit) => ms >= 3 * unit) ?? 60_000;
  return Math.ceil(ms / unitMs) * unitMs;
}

/** When the oldest window ended that any of some metrics has, epoch ms. */
async function earliestMs(
  query: RunQuery,
  metrics: readonly string[],
  nowMs: number,
): Promise<number | undefined> {
  const { signal } = new AbortController();
  const answers = await Promise.allSettled(
    Array.from(new Set(metrics), (metric) => query({ metric, fromMs: 0, toMs: nowMs }, signal)),
  );
  const firsts = answers
    .flatMap((answer) => (answer.status === "fulfilled" ? answer.value.series : []))
    .flatMap(({ t }) => t.slice(0, 1));
  return firsts.length === 0 ? undefined : Math.min(...firsts);
}

function FixedForm({ ownMs, onClose }: { ownMs: number; onClose: () => void }) {
  const { view } = useLive();
  const id = useId();
  const range = view.range.value ?? { lastMs: ownMs };
  const toMs = isFixed(range) ? range.toMs : view.nowMs();
  const [from, setFrom] = useState(localText(toMs - spanMs(range)));
  const [to, setTo] = useState(localText(toMs));
  const [fault, setFault] = useState<string>();
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const [first, last] = [new Date(from).getTime(), new Date(to).getTime()];
    if (Number.isNaN(first) || Number.isNaN(last)) return setFault("Both times are needed.");
    if (first > view.clockMs()) return setFault("‘From’ lies in the future.");
    if (last - first < SHORTEST_RANGE_MS) return setFault("‘To’ has to be a second after ‘From’ at least.");
    view.choose({ fromMs: first, toMs: last });
    onClose();
  };
  const field = (name: string, value: string, set: (value: string) => void) => (
    <label class="picker-field" for={`${id}-${name}`}>
      <span>{name}</span>
      <input
        id={`${id}-${name}`}
        class="input picker-input"
        type="datetime-local"
        step={1}
        value={value}
        aria-describedby={fault === undefined ? undefined : `${id}-fault`}
        onInput={(event) => set(event.currentTarget.value)}
      />
    </label>
  );
  return (
    <form class="picker-fixed" onSubmit={submit}>
      <p class="picker-head">Between two times</p>
      {field("From", from, setFrom)}
      {field("To", to, setTo)}
      {fault !== undefined && (
        <p class="picker-fault" id={`${id}-fault`} role="alert">
          {fault}
        </p>
      )}
      <button type="submit" class="button button-primary">
        Show
      </button>
      <p class="picker-hint">A drag across a chart does the same.</p>
    </form>
  );
}

/** What an input of type `datetime-local` takes. */
function localText(ms: number): string {
  const zoneMs = new Date(ms).getTimezoneOffset() * 60_000;
  return new Date(ms - zoneMs).toISOString().slice(0, 19);
}
