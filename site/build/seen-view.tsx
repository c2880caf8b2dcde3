import type { SeenEvent, SeenField } from "../../protocol/observe.ts";
import { formatAge } from "../format.ts";
import { useLive } from "../series/live.ts";
import { fieldText } from "./event-text.ts";
import { plainText } from "./plain-text.ts";
import { Plain } from "./plain.tsx";
import { StreamFault, type StreamViewProps } from "./stream-view.tsx";
import { useSeen } from "./use-seen.ts";
import "../styles/table.css";

/** The names and fields of the newest events. */
export function SeenView({ requests }: StreamViewProps) {
  const { view } = useLive();
  const { seen, fault } = useSeen(requests);
  if (fault !== undefined) return <StreamFault error={new Error(fault)} />;
  if (seen === undefined) return <p class="build-note">Looking at the newest events…</p>;
  const { events, namesLeftOut, sample } = seen;
  const spanMs = (sample.toMs ?? 0) - (sample.fromMs ?? 0);
  return (
    <section aria-label="Names and fields">
      <p class="build-note" role="status">
        {events.length === 0
          ? "No events have come yet."
          : `Of the newest ${sample.events} events, which came within ${formatAge(spanMs)}.`}
        {namesLeftOut > 0 && ` ${namesLeftOut} further names are left out.`}
      </p>
      {events.map((event) => (
        <SeenCard key={event.name} event={event} nowMs={view.clockMs()} />
      ))}
    </section>
  );
}

function SeenCard({ event, nowMs }: { event: SeenEvent; nowMs: number }) {
  return (
    <section class="panel seen" aria-label={plainText(event.name)}>
      <header class="panel-header">
        <h2 class="panel-title">
          <Plain text={event.name} />
        </h2>
        <span class="freshness">
          {event.count} seen, {formatAge(nowMs - event.lastReceivedMs)} ago
        </span>
      </header>
      <div class="stream-table" tabIndex={0} role="region" aria-label={`Fields of ${plainText(event.name)}`}>
        <table class="table">
          <thead>
            <tr>
              <th scope="col">Field</th>
              <th scope="col">Type</th>
              <th scope="col">In</th>
              <th scope="col">Values</th>
            </tr>
          </thead>
          <tbody>
            {event.fields.map((field) => (
              <FieldRow key={`${field.isProp} ${field.name}`} field={field} count={event.count} />
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function FieldRow({ field, count }: { field: SeenField; count: number }) {
  const { name, isProp, types, examples, more } = field;
  const carriers = Object.values(types).reduce((sum, events) => sum + events, 0);
  return (
    <tr>
      <td>
        {isProp ? (
          <Plain text={name} />
        ) : (
          <strong>
            <Plain text={name} />
          </strong>
        )}
      </td>
      <td>{Object.keys(types).join(", ")}</td>
      <td>{Math.round((carriers / count) * 100)} %</td>
      <td class="stream-props">
        {examples === undefined
          ? "shown with a key of your own"
          : examples.map((value, i) => (
              <span key={i}>
                {i > 0 && ", "}
                <Plain text={fieldText(value)} />
              </span>
            ))}
        {examples !== undefined && more && " …"}
      </td>
    </tr>
  );
}
