import type { Event, PropValue } from "./event.ts";
import type { Group, PointState } from "./series.ts";

/** Kinds of values that events hold. */
export type ValueType = "string" | "number" | "boolean" | "null";

/** What some events have under one name. */
export interface SeenField {
  /** `user`, `value` or `id` of the event itself, or the name of a prop. */
  name: string;
  isProp: boolean;
  /** Events that have it, by the type of its value. */
  types: Partial<Record<ValueType, number>>;
  /** Different values, shortened; absent for a key that everybody has. */
  examples?: PropValue[];
  /** Whether there are more values than `examples`. */
  more: boolean;
}

/** What was seen of the events of one name. */
export interface SeenEvent {
  name: string;
  count: number;
  /** The newest arrival, epoch ms. */
  lastReceivedMs: number;
  /** The longest that one of them arrived after its own time, ms. */
  mostBehindMs: number;
  fields: SeenField[];
}

/** Which part of the log was looked at: its newest records, up to a bound. */
export interface LogSample {
  /** Records of the project, and their events. */
  records: number;
  events: number;
  /** Arrivals of the oldest and the newest of these records, epoch ms; null: there are none. */
  fromMs: number | null;
  toMs: number | null;
  /** Records, of whichever project, that were passed over because there were too many. */
  skippedRecords: number;
}

/** What `GET /v1/events/seen` answers. */
export interface SeenAnswer {
  events: SeenEvent[];
  /** Names that did not fit the answer. */
  namesLeftOut: number;
  sample: LogSample;
}

/** Where an event stands in the log: its record's partition and offset, and its line there, from 0. */
export interface LogPlace {
  partition: number;
  offset: number;
  line: number;
}

/** An event of the log as it was stored. */
export interface TailEvent extends LogPlace {
  event: Event;
  batch: string;
  receivedAtMs: number;
}

/** What `GET /v1/events/tail` answers: the newest matching events, oldest first. */
export interface TailAnswer {
  events: TailEvent[];
  /** Where to go on: what the next request gives as `cursor`. */
  cursor: string;
  /** Matching events in the sample; beyond `events` they were left out. */
  matched: number;
  sample: LogSample;
}

/** Whether a stage lies behind the event, or is there at all. */
export type StageState = "done" | "waiting" | "none";

/** One window that an event counts in. */
export interface TracedWindow {
  startMs: number;
  endMs: number;
  /** 0 provisional, 1 final, 3 sealed, by the metric's clock. */
  state: PointState;
}

/** What became of an event in one metric. */
export interface TracedMetric {
  metric: string;
  /**
   * `counts`: it is folded in. `waits`: not yet. `filtered`: by `where`. `skipped`: it lacks the field. `before`: the
   * definition begins behind it in the log. `late`: by the clock, its last window was sealed when it arrived.
   */
  verdict: "counts" | "waits" | "filtered" | "skipped" | "before" | "late";
  group?: Group;
  watermarkMs: number | null;
  /** The first and the last window that it counts in, and how many there are. Of a session they are not known beforehand. */
  first?: TracedWindow;
  last?: TracedWindow;
  windows?: number;
  /** The value that its group has in the first window, if that can still be read. */
  value?: number | null;
}

/** What `GET /v1/events/trace` answers: the way of one event. Times are epoch ms, each of the clock of its stage. */
export interface Trace {
  place: LogPlace;
  event: Event;
  batch: { id: string; events: number; bytes: number };
  /** When the edge had the request. */
  received: { atMs: number; behindMs: number };
  /** When the log took the record; absent: the log does not say. */
  logged: { log: "embedded" | "kafka"; atMs?: number; endOffset: number };
  /** Whether the partition's reader has folded it and the windows hold it; `byMs`: by then at the latest, if it is remembered. */
  folded: { state: StageState; byMs?: number; nextOffset: number; lastError: string };
  metrics: TracedMetric[];
  /** Metrics that take events of this name, beyond those listed. */
  metricsLeftOut: number;
  archived: { state: StageState; path?: string; nextOffset: number; waitingSinceMs?: number; dueMs?: number };
}

/** A refused event, or a refused request as a whole. */
export interface RejectedExample {
  reason: string;
  message: string;
  /** The beginning of what was refused, at most {@link SAMPLE_LENGTH} characters. */
  sample: string;
  atMs: number;
}

/** Events that came after their own time by more than a metric waits for. */
export interface LateExample {
  metric: string;
  event: string;
  behindMs: number;
  /** What the metric waits at most: its window, delay and lateness. */
  boundMs: number;
}

/** What one metric has counted since it was defined. */
export interface MetricQuality {
  metric: string;
  late: number;
  skipped: number;
  folded: number;
  dropped: number;
}

/** What `GET /v1/events/quality` answers. */
export interface QualityAnswer {
  /** Since when what ingest counted is kept for the project, epoch ms; null: nothing was counted. */
  sinceMs: number | null;
  repeatedBatches: number;
  rejectedByReason: Record<string, number>;
  /** The newest first. */
  examples: RejectedExample[];
  metrics: MetricQuality[];
  late: LateExample[];
}

/** Characters of a refused value that are kept. */
export const SAMPLE_LENGTH = 240;

/** The beginning of a value as JSON, cut at {@link SAMPLE_LENGTH}, whatever its size and depth. */
export function excerpt(value: unknown, bound: number = SAMPLE_LENGTH): string {
  const parts: string[] = [];
  write(value, parts, { left: bound });
  const text = parts.join("");
  return text.length <= bound ? text : `${text.slice(0, bound - 1).toWellFormed()}…`;
}

/** Stops once more than `left` is written: neither a long text nor a deep nesting is walked to its end. */
function write(value: unknown, parts: string[], room: { left: number }): void {
  const put = (text: string): void => {
    parts.push(text);
    room.left -= text.length;
  };
  if (room.left < 0) return;
  if (typeof value === "string") put(JSON.stringify(value.slice(0, room.left + 1)));
  else if (value === null || typeof value !== "object") put(String(value));
  else {
    const isList = Array.isArray(value);
    put(isList ? "[" : "{");
    let first = true;
    for (const key in value) {
      if (room.left < 0) return;
      if (!first) put(",");
      first = false;
      if (!isList) put(`${JSON.stringify(key.slice(0, room.left + 1))}:`);
      write((value as Record<string, unknown>)[key], parts, room);
    }
    put(isList ? "]" : "}");
  }
}
