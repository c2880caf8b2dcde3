import { useId, useState } from "preact/hooks";
import { parseDuration } from "../../protocol/time.ts";
import { formatSpan } from "../format.ts";
import { useStore } from "../hooks.ts";
import { useLive } from "../live.ts";
import "../styles/picker.css";
import { isFixed, RANGE_CHOICES, SHORTEST_RANGE_MS, spanMs } from "../time-range.ts";

/** The choice of a range: the last so much, or from one time to another in the visitor's zone. */
export function RangePicker({ ownMs, onClose }: { ownMs: number; onClose: () => void }) {
  const { view } = useLive();
  const chosen = useStore(view.range);
  const current = isFixed(chosen) ? undefined : (chosen?.lastMs ?? ownMs);
  const choose = (lastMs: number | undefined): void => {
    view.choose(lastMs === undefined ? undefined : { lastMs });
    onClose();
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
