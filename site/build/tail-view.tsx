import { useEffect, useRef, useState } from "preact/hooks";
import type { TailEvent } from "../../protocol/observe.ts";
import { parseWhere } from "../../protocol/where.ts";
import { RequestError } from "../api.ts";
import { useStore } from "../hooks.ts";
import { useLive } from "../series/live.ts";
import { followLink, navigate } from "../route.ts";
import { clockTime, fieldText } from "./event-text.ts";
import { TextField } from "./field.tsx";
import { Plain } from "./plain.tsx";
import type { Requests } from "./requests.ts";
import { StreamFault, type StreamViewProps } from "./stream-view.tsx";
import { filtersIn, tailHref, type TailFilters } from "./tail-address.ts";
import { NO_ROWS, tailNote, type TailRows, withAnswer } from "./tail-rows.ts";
import "../styles/table.css";

const EVERY_MS = 1_000;
/** Of one answer: what the server gives at most. */
const MOST_EVENTS = "200";
const AFTER_FAILURE_MS = 4_000;
const TYPING_MS = 400;

/** Events as they come, the newest on top. */
export function TailView({ requests, rest }: StreamViewProps) {
  const [{ event, where }, setFilters] = useFilters(rest);
  const condition = where.trim() === "" ? undefined : parseWhere(where);
  const { rows, error } = useTail(requests, event.trim(), condition?.ok === false ? undefined : where.trim());
  if (error instanceof RequestError && error.isRefusal && rows.cursor === undefined) {
    return <StreamFault error={error} />;
  }
  const isHeld = event.trim() !== "" || where.trim() !== "";
  return (
    <section aria-label="Live tail">
      <div class="field-row stream-filters">
        <TextField
          label="Event"
          value={event}
          placeholder="all of them"
          onChange={(name) => setFilters({ event: name, where })}
        />
        <TextField
          label="Where"
          code
          value={where}
          placeholder="country = 'DE' and value > 10"
          fault={condition?.ok === false ? condition.message : undefined}
          onChange={(text) => setFilters({ event, where: text })}
        />
      </div>
      {condition?.ok !== false && <Shown rows={rows} error={error} isHeld={isHeld} />}
    </section>
  );
}

/** The filters of the address; those that are typed get there a moment later. */
function useFilters(rest: readonly string[]): [TailFilters, (filters: TailFilters) => void] {
  const [filters, setFilters] = useState(() => filtersIn(rest));
  const address = tailHref(filtersIn(rest));
  const href = tailHref(filters);
  useEffect(() => setFilters(filtersIn(rest)), [address]);
  useEffect(() => {
    if (href === address) return;
    const timer = setTimeout(() => navigate(href, true), TYPING_MS);
    return () => clearTimeout(timer);
  }, [href]);
  return [filters, setFilters];
}

interface ShownProps {
  rows: TailRows;
  error: Error | undefined;
  isHeld: boolean;
}

function Shown({ rows, error, isHeld }: ShownProps) {
  return (
    <>
      <p class="build-note" role="status">
        {error?.message ?? tailNote(rows, isHeld)}
      </p>
      {rows.rows.length === 0 ? (
        <p class="panel stream-empty">Events are shown here as they come.</p>
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
  /** Where the next answer goes on. Another question begins among what is there already. */
  const cursor = useRef<string | undefined>(undefined);
  useEffect(() => {
    cursor.current = undefined;
    setRows(NO_ROWS);
    setError(undefined);
  }, [requests, event, where]);
  useEffect(() => {
    if (paused || where === undefined) return;
    let current = true;
    let timer: ReturnType<typeof setTimeout>;
    const ask = async (): Promise<void> => {
      let pauseMs = EVERY_MS;
      try {
        if (document.visibilityState === "visible") {
          const answer = await requests.tail({
            event,
            where,
            cursor: cursor.current ?? "",
            limit: MOST_EVENTS,
          });
          if (!current) return;
          cursor.current = answer.cursor;
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
    timer = setTimeout(
      () => void ask(),
      cursor.current === undefined && event + where === "" ? 0 : TYPING_MS,
    );
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [requests, event, where, paused]);
  return { rows, error };
}
