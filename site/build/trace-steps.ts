import type { Trace, TracedMetric } from "../../protocol/observe.ts";
import { formatAge, formatSpan, formatValue } from "../format.ts";
import { clockTime } from "./event-text.ts";

/** One stage of an event's way, in words. */
export interface TraceStep {
  title: string;
  state: "done" | "waiting" | "none";
  /** When, epoch ms, if that is known. */
  atMs?: number;
  text: string;
}

/** The way of an event through the stages that all events go through. */
export function stepsOf({ event, place, batch, received, logged, folded, archived }: Trace): TraceStep[] {
  const behind =
    received.behindMs >= 0
      ? `${formatAge(received.behindMs)} after its own time`
      : `${formatAge(-received.behindMs)} before its own time`;
  return [
    {
      title: "Received at the edge",
      state: "done",
      atMs: received.atMs,
      text: `${event.name}, ${behind}. Which edge it was is not kept.`,
    },
    {
      title: "Written to the log",
      state: "done",
      ...(logged.atMs === undefined ? {} : { atMs: logged.atMs }),
      text:
        `${logged.log === "kafka" ? "Kafka" : "The embedded log"}, partition ${place.partition}, offset ${place.offset}, line ${place.line}: ` +
        `batch ${batch.id} of ${batch.events} ${batch.events === 1 ? "event" : "events"}, ${batch.bytes} bytes.` +
        (logged.atMs === undefined ? " When is not known." : ""),
    },
    foldedStep(folded, logged.endOffset),
    archivedStep(archived),
  ];
}

function foldedStep({ state, byMs, nextOffset, lastError }: Trace["folded"], endOffset: number): TraceStep {
  const title = "Folded into windows";
  if (state !== "done") {
    const behind = `The reader is at offset ${nextOffset} of ${endOffset}.`;
    return { title, state, text: lastError === "" ? behind : `${behind} It says: ${lastError}` };
  }
  return {
    title,
    state,
    ...(byMs === undefined ? {} : { atMs: byMs }),
    text:
      byMs === undefined
        ? "It is; when is no longer remembered: the reader keeps some minutes, and begins anew with its object."
        : "By then at the latest: the reader notes its way four times a second.",
  };
}

function archivedStep({ state, path, dueMs }: Trace["archived"]): TraceStep {
  const title = "Archived";
  if (state === "none") return { title, state, text: "No archive is bound to this server." };
  if (path !== undefined) return { title, state, text: path };
  const due =
    dueMs === undefined ? "The archiver has not been told of it yet." : `Due about ${clockTime(dueMs)}.`;
  return { title, state, text: `It waits in the log. ${due}` };
}

/** What became of it in one metric. */
export function verdictText({ verdict, windows, first, last, watermarkMs, value }: TracedMetric): string {
  switch (verdict) {
    case "filtered":
      return "Left out by its where.";
    case "skipped":
      return "It lacks the field that is aggregated.";
    case "before":
      return "The definition begins behind it in the log.";
    case "late":
      return "By the clock, it came after its last window was sealed: counted as late.";
    case "waits":
      return "Not folded yet.";
    case "counts":
      break;
  }
  if (first === undefined || last === undefined) {
    return "It is part of its user's session, which counts in the slice in which it ends.";
  }
  const span = formatSpan(first.endMs - first.startMs);
  const where =
    windows === 1
      ? `In the window of ${span} that ends ${clockTime(first.endMs)}`
      : `In ${windows} windows of ${span} that end ${clockTime(first.endMs)} to ${clockTime(last.endMs)}`;
  const state = { 0: "open", 1: "final", 2: "revised", 3: "sealed" }[first.state];
  const now =
    value === undefined
      ? ""
      : `, where its group has ${value === null ? "no value" : formatValue(value, "short")} now`;
  const watermark = watermarkMs === null ? "" : ` The watermark is at ${clockTime(watermarkMs)}.`;
  return `${where}${now}; ${windows === 1 ? "it" : "the first"} is ${state}.${watermark}`;
}
