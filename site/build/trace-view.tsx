import { useEffect, useRef, useState } from "preact/hooks";
import type { Trace } from "../../protocol/observe.ts";
import { RequestError } from "../api.ts";
import { formatAge } from "../format.ts";
import { valueLabel } from "../series/group-label.ts";
import { navigate } from "../route.ts";
import { clockTime } from "./event-text.ts";
import { Field } from "./field.tsx";
import { KeyAsk, ownKey, takeOwnKey } from "./own-key.tsx";
import { plainJson, plainText } from "./plain-text.ts";
import { Plain } from "./plain.tsx";
import type { Requests } from "./requests.ts";
import { StreamFault, type StreamViewProps } from "./stream-view.tsx";
import { stepsOf, verdictText } from "./trace-steps.ts";

/** Looked at quickly while it is on its way, then only for its windows and the archive. */
const SOON_MS = 400;
const LATER_MS = 2_500;
const AFTER_FAILURE_MS = 4_000;
/** A record takes a moment until it can be found. */
const LOST_AFTER_MS = 10_000;

/** The way of one event: of one that is sent from here, or `#/stream/trace/{partition}/{offset}/{line}`, or `…/batch/{id}`. */
export function TraceView({ requests, rest }: StreamViewProps) {
  const name = nameOf(rest);
  if (name === undefined) return <TestEvent requests={requests} />;
  return <Way key={rest.join("/")} name={name} requests={requests} />;
}

function placeName({ partition, offset, line }: Trace["place"]): Record<string, string> {
  return { partition: String(partition), offset: String(offset), line: String(line) };
}

function nameOf(rest: readonly string[]): Record<string, string> | undefined {
  const [first, second, third = "0"] = rest;
  if (first === undefined || second === undefined) return undefined;
  return first === "batch" ? { batch: second } : { partition: first, offset: second, line: third };
}

const EXAMPLE = `{ "name": "test_event", "value": 1, "props": { "from": "inspector" } }`;

/** What was typed last: it is still there once a key was asked for, or its event followed. */
let lastText = EXAMPLE;

function TestEvent({ requests }: { requests: Requests }) {
  const [text, setText] = useState(lastText);
  const [error, setError] = useState<Error>();
  const [sending, setSending] = useState(false);
  const left = useRef(false);
  useEffect(() => () => void (left.current = true), []);
  const send = async (event?: SubmitEvent): Promise<void> => {
    event?.preventDefault();
    if (sending) return;
    // Pages that are not served by https have no crypto.randomUUID.
    const batch = `inspect-${Date.now()}-${Math.random().toString(36).slice(2)}`;
    setSending(true);
    try {
      await requests.send(text, batch);
      if (!left.current) navigate(`#/stream/trace/batch/${batch}`);
    } catch (failure) {
      setError(failure instanceof Error ? failure : new Error(String(failure)));
    }
    setSending(false);
  };
  const isRefusal = error instanceof RequestError && error.isRefusal;
  return (
    <section aria-label="Inspector">
      <p class="build-note">
        Follow one event through every stage: press an event of the live tail, or send one from here. It is an
        event like any other, and counts in the metrics that take its name.
      </p>
      <form class="panel test-event" onSubmit={(event) => void send(event)}>
        <Field label="Test event" fault={isRefusal ? undefined : error?.message}>
          {(control) => (
            <textarea
              {...control}
              class="input input-code"
              rows={4}
              spellcheck={false}
              value={text}
              onInput={(event) => setText((lastText = event.currentTarget.value))}
            />
          )}
        </Field>
        <div class="editor-actions">
          <button type="submit" class="button button-primary">
            {sending ? "Sending…" : "Send and follow"}
          </button>
        </div>
      </form>
      {isRefusal && (
        <KeyAsk
          title="Sending needs an admin key"
          why="It both sends the event and shows its way."
          refusal={ownKey.value === undefined ? undefined : `That key does not do: ${error.message}`}
          action="Use it"
          onKey={takeOwnKey}
        />
      )}
    </section>
  );
}

function Way({ name, requests }: { name: Record<string, string>; requests: Requests }) {
  const { trace, error } = useTrace(name, requests);
  if (trace === undefined) {
    return error === undefined ? (
      <p class="build-note">Looking for it in the log…</p>
    ) : (
      <StreamFault error={error} />
    );
  }
  const { received } = trace;
  return (
    <section aria-label="The way of one event">
      {error !== undefined && (
        <p class="fault" role="alert">
          {error.message} This is how it stood before.
        </p>
      )}
      <ol class="steps">
        {stepsOf(trace).map(({ title, state, atMs, text }) => (
          <li key={title} class={`step step-${state}`}>
            <h2 class="step-title">
              {title} <span class="visually-hidden">({state})</span>
            </h2>
            <p class="step-time">{atMs === undefined ? "" : stepTime(atMs, received.atMs)}</p>
            <p class="step-text">{plainText(text)}</p>
          </li>
        ))}
      </ol>
      <section class="panel seen" aria-label="Metrics">
        <header class="panel-header">
          <h2 class="panel-title">
            Metrics that take “<Plain text={trace.event.name} />”
          </h2>
        </header>
        {trace.metrics.length === 0 && <p class="field-hint">None does.</p>}
        <ul class="verdicts">
          {trace.metrics.map((metric) => (
            <li key={metric.metric}>
              <strong>{metric.metric}</strong>
              {Object.entries(metric.group ?? {}).map(([key, value]) => (
                <span key={key}>
                  {" · "}
                  <Plain text={key} /> <Plain text={valueLabel(value)} />
                </span>
              ))}
              <p class="field-hint">{verdictText(metric)}</p>
            </li>
          ))}
        </ul>
        {trace.metricsLeftOut > 0 && (
          <p class="field-hint">{trace.metricsLeftOut} further metrics are left out.</p>
        )}
      </section>
      <section class="panel seen" aria-label="The event as it is stored">
        <header class="panel-header">
          <h2 class="panel-title">As it is stored</h2>
        </header>
        <pre class="notice-code json" tabIndex={0}>
          <code>{plainJson(trace.event)}</code>
        </pre>
      </section>
    </section>
  );
}

/** Clocks of several machines: a stage may seem to lie before the one before it. */
function stepTime(atMs: number, receivedMs: number): string {
  const sinceMs = atMs - receivedMs;
  return sinceMs === 0
    ? clockTime(atMs)
    : `${clockTime(atMs)} · ${sinceMs < 0 ? "−" : "+"}${afterText(Math.abs(sinceMs))}`;
}

function afterText(ms: number): string {
  return ms < 1_000 ? `${ms} ms` : formatAge(ms);
}

function useTrace(
  name: Record<string, string>,
  requests: Requests,
): { trace: Trace | undefined; error: Error | undefined } {
  const [trace, setTrace] = useState<Trace>();
  const [error, setError] = useState<Error>();
  useEffect(() => {
    let current = true;
    let timer: ReturnType<typeof setTimeout>;
    const beganMs = Date.now();
    // Once it is found it is asked for by its place: a batch is looked for among the newest records only.
    let asked = name;
    const look = async (): Promise<void> => {
      let pauseMs = SOON_MS;
      try {
        if (document.visibilityState === "visible") {
          const found = await requests.trace(asked);
          if (!current) return;
          asked = placeName(found.place);
          setTrace(found);
          setError(undefined);
          if (found.folded.state === "done") pauseMs = LATER_MS;
        }
      } catch (failure) {
        if (!current) return;
        const status = failure instanceof RequestError ? failure.status : 0;
        const isOnItsWay = status === 404 && Date.now() - beganMs <= LOST_AFTER_MS;
        if (!isOnItsWay) {
          setError(failure instanceof Error ? failure : new Error(String(failure)));
          // What is wrong with the question stays so.
          if (status >= 400 && status < 500 && status !== 429) return;
          pauseMs = AFTER_FAILURE_MS;
        }
      }
      timer = setTimeout(() => void look(), pauseMs);
    };
    void look();
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [JSON.stringify(name), requests]);
  return { trace, error };
}
