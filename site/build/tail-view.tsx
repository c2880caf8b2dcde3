import { useEffect, useState } from "preact/hooks";
import type { TailEvent } from "../../protocol/observe.ts";
import { parseWhere } from "../../protocol/where.ts";
import { RequestError } from "../api.ts";
import { useStore } from "../hooks.ts";
import { useLive } from "../live.ts";
import { followLink } from "../route.ts";
import { clockTime, fieldText } from "./event-text.ts";
import { TextField } from "./field.tsx";
import { Plain } from "./plain.tsx";
import type { Requests } from "./requests.ts";
import { StreamFault, type StreamViewProps } from "./stream-view.tsx";
import { leftOut, NO_ROWS, type TailRows, withAnswer } from "./tail-rows.ts";
import "../styles/table.css";

const EVERY_MS = 1_000;
/** Of one answer: what the server gives at most. */
const MOST_EVENTS = "200";
const AFTER_FAILURE_MS = 4_000;
const TYPING_MS = 400;

/** Events as they come, the newest on top. */
export function TailView({ requests }: StreamViewProps) {
  const [event, setEvent] = useState("");
  const [where, setWhere] = useState("");
  const condition = where.trim() === "" ? undefined : parseWhere(where);
  const { rows, error } = useTail(requests, event.trim(), condition?.ok === false ? undefined : where.trim());
  if (error !== undefined && rows.cursor === undefined) return <StreamFault error={error} />;
  return (
    <section aria-label="Live tail">
      <div class="field-row stream-filters">
        <TextField label="Event" value={event} placeholder="all of them" onChange={setEvent} />
        <TextField
          label="Where"
          code
          value={where}
          placeholder="country = 'DE' and value > 10"
          fault={condition?.ok === false ? condition.message : undefined}
          onChange={setWhere}
        />
      </div>
      {condition?.ok !== false && <Shown rows={rows} error={error} />}
    </section>
  );
}

function Shown({ rows, error }: { rows: TailRows; error: Error | undefined }) {
  return (
    <>
      <p class="build-note" role="status">
        {error?.message ?? leftOut(rows) ?? "All that match are shown, the newest on top."}
      </p>
      {rows.rows.length === 0 ? (
        <p class="panel stream-empty">Nothing has come yet that matches.</p>
      ) : (
        <div class="panel stream-table" tabIndex={0} role="region" aria-label="Events">
          <table class="table tail-table">
            <thead>
              <tr>
                <th scope="col">Arrived</th>
                <th scope="col">Event</th>
                <th scope="col">Value</th>
                <th scope="col">User</th>
                <th scope="col">Props</th>
              </tr>
            </thead>
            <tbody>
              {rows.rows.map((row) => (
                <Row key={`${row.partition}.${row.offset}.${row.line}`} row={row} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </>
  );
}

function Row({ row }: { row: TailEvent }) {
  const { event, receivedAtMs, partition, offset, line } = row;
  const href = `#/stream/trace/${partition}/${offset}/${line}`;
  return (
    <tr>
      <td class="stream-time">{clockTime(receivedAtMs)}</td>
      <td>
        <a class="link" href={href} onClick={(press) => followLink(press, href)}>
          <Plain text={event.name} />
        </a>
      </td>
      <td class="tail-value">{event.value ?? ""}</td>
      <td>
        <Plain text={event.user ?? ""} />
      </td>
      <td class="stream-props">
        {Object.entries(event.props ?? {}).map(([name, value]) => (
          <span key={name} class="prop">
            <span class="prop-name">
              <Plain text={name} />
            </span>{" "}
            <Plain text={fieldText(value)} />
          </span>
        ))}
      </td>
    </tr>
  );
}

/** Asks for what is new while the page is seen and not paused. `where` undefined: a condition that cannot be read is not asked. */
function useTail(
  requests: Requests,
  event: string,
  where: string | undefined,
): { rows: TailRows; error: Error | undefined } {
  const { view } = useLive();
  const paused = useStore(view.pausedAtMs) !== undefined;
  const [rows, setRows] = useState(NO_ROWS);
  const [error, setError] = useState<Error>();
  useEffect(() => setRows(NO_ROWS), [requests, event, where]);
  useEffect(() => {
    if (paused || where === undefined) return;
    let current = true;
    let cursor = rows.cursor;
    let timer: ReturnType<typeof setTimeout>;
    const ask = async (): Promise<void> => {
      let pauseMs = EVERY_MS;
      try {
        if (document.visibilityState === "visible") {
          const answer = await requests.tail({ event, where, cursor: cursor ?? "", limit: MOST_EVENTS });
          if (!current) return;
          cursor = answer.cursor;
          setRows((before) => withAnswer(before, answer));
          setError(undefined);
        }
      } catch (failure) {
        if (!current) return;
        setError(failure instanceof Error ? failure : new Error(String(failure)));
        if (failure instanceof RequestError && failure.isRefusal) return;
        pauseMs = AFTER_FAILURE_MS;
      }
      timer = setTimeout(() => void ask(), pauseMs);
    };
    timer = setTimeout(() => void ask(), cursor === undefined && event + where === "" ? 0 : TYPING_MS);
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [requests, event, where, paused]);
  return { rows, error };
}
