import { useEffect, useState } from "preact/hooks";
import type { QualityAnswer } from "../../protocol/observe.ts";
import { formatAge } from "../format.ts";
import { useLive } from "../series/live.ts";
import { dayTime } from "./event-text.ts";
import { Plain } from "./plain.tsx";
import { StreamFault, type StreamViewProps } from "./stream-view.tsx";
import "../styles/table.css";

const EVERY_MS = 5_000;

/** What of the events sent is in no number, and why. */
export function QualityView({ requests }: StreamViewProps) {
  const [quality, setQuality] = useState<QualityAnswer>();
  const [error, setError] = useState<Error>();
  useEffect(() => {
    let current = true;
    const look = async (): Promise<void> => {
      try {
        const answer = await requests.quality();
        if (!current) return;
        setQuality(answer);
        setError(undefined);
      } catch (failure) {
        if (current) setError(failure instanceof Error ? failure : new Error(String(failure)));
      }
    };
    void look();
    const timer = setInterval(() => document.visibilityState === "visible" && void look(), EVERY_MS);
    return () => {
      current = false;
      clearInterval(timer);
    };
  }, [requests]);
  if (quality === undefined) {
    return error === undefined ? <p class="build-note">Asking…</p> : <StreamFault error={error} />;
  }
  return (
    <section aria-label="Data quality">
      {error !== undefined && (
        <p class="fault" role="alert">
          {error.message} This is how it stood before.
        </p>
      )}
      <Rejected quality={quality} />
      <Counts quality={quality} />
    </section>
  );
}

function Rejected({
  quality: { rejectedByReason, repeatedBatches, sinceMs, examples },
}: {
  quality: QualityAnswer;
}) {
  const { view } = useLive();
  const reasons = Object.entries(rejectedByReason).sort(([, a], [, b]) => b - a);
  const since = sinceMs === null ? "" : ` in the last ${formatAge(view.clockMs() - sinceMs)}`;
  return (
    <section class="panel seen" aria-label="Refused at the edge">
      <header class="panel-header">
        <h2 class="panel-title">Refused at the edge{since}</h2>
      </header>
      {reasons.length === 0 ? (
        <p class="field-hint">No event was refused.</p>
      ) : (
        <dl class="tiles">
          {reasons.map(([reason, events]) => (
            <div key={reason} class="tile">
              <dt>{reason}</dt>
              <dd>{events}</dd>
            </div>
          ))}
        </dl>
      )}
      <p class="field-hint">
        {repeatedBatches === 0
          ? "No batch came twice."
          : `${repeatedBatches} batches came again and changed no number.`}
      </p>
      {examples.length > 0 && (
        <div class="stream-table" tabIndex={0} role="region" aria-label="Refused events">
          <table class="table tail-table">
            <thead>
              <tr>
                <th scope="col">When</th>
                <th scope="col">Why</th>
                <th scope="col">What came</th>
              </tr>
            </thead>
            <tbody>
              {examples.map((example, i) => (
                <tr key={i}>
                  <td class="stream-time">{dayTime(example.atMs, view.clockMs())}</td>
                  <td class="wrap">
                    <strong>{example.reason}</strong>: <Plain text={example.message} />
                  </td>
                  <td class="wrap">
                    <code>
                      <Plain text={example.sample} />
                    </code>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

function Counts({ quality: { metrics, late } }: { quality: QualityAnswer }) {
  const odd = metrics.filter((counts) => counts.late + counts.skipped + counts.folded + counts.dropped > 0);
  const whole = metrics.length - odd.length;
  return (
    <section class="panel seen" aria-label="Accepted, but not counted">
      <header class="panel-header">
        <h2 class="panel-title">Accepted, but not counted in a metric as sent</h2>
      </header>
      {late.map(({ metric, event, behindMs, boundMs }) => (
        <p key={metric} class="build-note">
          A recent “<Plain text={event} />” came {formatAge(behindMs)} after its time; {metric} takes what
          comes within {formatAge(boundMs)}.
        </p>
      ))}
      {odd.length > 0 && (
        <div class="stream-table" tabIndex={0} role="region" aria-label="Counts of metrics">
          <table class="table">
            <thead>
              <tr>
                <th scope="col">Metric</th>
                <th scope="col" class="figure">
                  Late
                </th>
                <th scope="col" class="figure">
                  Without the field
                </th>
                <th scope="col" class="figure">
                  Folded into “other”
                </th>
                <th scope="col" class="figure">
                  Sessions too many
                </th>
              </tr>
            </thead>
            <tbody>
              {odd.map(({ metric, late: events, skipped, folded, dropped }) => (
                <tr key={metric}>
                  <td>{metric}</td>
                  <td class="figure">{events}</td>
                  <td class="figure">{skipped}</td>
                  <td class="figure">{folded}</td>
                  <td class="figure">{dropped}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      <p class="field-hint">
        {whole} {whole === 1 ? "metric has" : "metrics have"} counted every event as it was sent, since each
        was defined. Late events are archived all the same.
      </p>
    </section>
  );
}
