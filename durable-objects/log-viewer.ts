import { DurableObject } from "cloudflare:workers";
import type { Event } from "../protocol/event.ts";
import type { LogPlace, LogSample, SeenEvent, TailEvent } from "../protocol/observe.ts";
import type { WhereExpression } from "../protocol/where.ts";
import { parseLines } from "./engine/new-batches.ts";
import { compileWhere } from "./engine/where.ts";
import { type Env, settingsOf } from "./env.ts";
import type { LogSource, StoredRecord } from "./log/event-log.ts";
import { openSource } from "./log/open-log.ts";
import { newestRecords } from "./observe/newest-records.ts";
import { SeenEvents } from "./observe/seen-events.ts";

/** Which events somebody wants to see. */
export interface TailQuestion {
  project: string;
  name?: string;
  where?: WhereExpression;
  /** Where the last answer ended; undefined: the newest there are. */
  from?: number;
  mostEvents: number;
  maxBytes: number;
}

/** What one partition has for a {@link TailQuestion}: the newest matching events, oldest first. */
export interface TailShare {
  events: TailEvent[];
  matched: number;
  nextOffset: number;
  sample: LogSample;
}

/** What was seen in the newest records of one partition. */
export interface SeenShare {
  events: SeenEvent[];
  namesLeftOut: number;
  sample: LogSample;
}

/** One event of the log with what its record says. `appendedAtMs`: epoch ms, where the log knows. */
export interface FoundEvent {
  place: LogPlace;
  event: Event;
  batch: { id: string; events: number; bytes: number };
  receivedAtMs: number;
  appendedAtMs?: number;
  endOffset: number;
}

/** What names one event in a partition. */
export type EventName = { offset: number; line: number } | { batch: string };

/** A connection to Kafka that nobody has asked for so long is closed. */
const IDLE_MS = 15_000;
const SEEN_AGE_MS = 1_000;
const MOST_SEEN = 100;
/** How far back a batch is looked for by its id. */
const FIND_BYTES = 4 * 1024 * 1024;
/** Parts the batch id from the number of a further part. */
const PART_SEPARATOR = "\u001f";

/**
 * Reads the newest records of one partition (its name is the number) for people who look into the stream. It keeps no
 * cursor and nothing on disk: while nobody looks, it is not there and costs nothing.
 */
export class LogViewer extends DurableObject<Env> {
  readonly #partition: number;
  readonly #source: LogSource;
  /** However many people look, the log's end is read and told once a second for each project. */
  readonly #seen = new Map<string, { atMs: number; share: Promise<string> }>();
  #reading: Promise<unknown> = Promise.resolve();
  #closing: ReturnType<typeof setTimeout> | undefined;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#partition = Number(ctx.id.name);
    this.#source = openSource(env, this.#partition, "viewer");
  }

  /** The newest events that match. @returns JSON of a {@link TailShare}. */
  async newest(question: TailQuestion): Promise<string> {
    const { project, name, where, from, mostEvents, maxBytes } = question;
    const accepts = where && compileWhere(where);
    const newest = await this.#read((source) => newestRecords(source, from, maxBytes));
    const sample = emptySample(newest.skipped);
    let events: TailEvent[] = [];
    let matched = 0;
    for (const record of newest.records) {
      for (const { event, line } of eventsOf(record, project, sample)) {
        if ((name !== undefined && event.name !== name) || accepts?.(event) === false) continue;
        matched++;
        events.push({ ...this.#placeOf(record, line), event, batch: batchOf(record), ...receivedOf(record) });
      }
      if (events.length > 2 * mostEvents) events = events.slice(-mostEvents);
    }
    const share: TailShare = {
      events: events.slice(-mostEvents),
      matched,
      nextOffset: newest.endOffset,
      sample,
    };
    return JSON.stringify(share);
  }

  /** What the newest events look like, or looked like a second ago. @returns JSON of a {@link SeenShare}. */
  async seen(project: string, maxBytes: number): Promise<string> {
    const nowMs = Date.now();
    const known = this.#seen.get(project);
    if (known !== undefined && nowMs - known.atMs < SEEN_AGE_MS) return known.share;
    const share = this.#look(project, maxBytes);
    if (this.#seen.size >= MOST_SEEN) this.#seen.clear();
    this.#seen.set(project, { atMs: nowMs, share });
    // What could not be read is read anew by the next who asks.
    share.catch(() => this.#seen.delete(project));
    return share;
  }

  async #look(project: string, maxBytes: number): Promise<string> {
    const { records } = await this.#read((source) => newestRecords(source, undefined, maxBytes));
    const sample = emptySample(0);
    const seen = new SeenEvents();
    for (const record of records) {
      const { receivedAtMs } = record.headers;
      for (const { event } of eventsOf(record, project, sample)) seen.add(event, receivedAtMs);
    }
    return JSON.stringify({ ...seen.finish(), sample } satisfies SeenShare);
  }

  /** One event of the project, by its place or as the first of its batch. @returns JSON of a {@link FoundEvent}, or null. */
  async find(project: string, name: EventName): Promise<string | null> {
    const found = await this.#read((source) => findRecord(source, project, name));
    if (found === undefined) return null;
    const { record, endOffset } = found;
    const line = "line" in name ? name.line : 0;
    const event = [...eventsOf(record, project, emptySample(0))].find((each) => each.line === line)?.event;
    if (event === undefined) return null;
    const { key, headers, value, appendedAtMs } = record;
    return JSON.stringify({
      place: this.#placeOf(record, line),
      event,
      batch: { id: batchOf({ key }), events: headers.count, bytes: value.byteLength },
      receivedAtMs: headers.receivedAtMs,
      ...(appendedAtMs === undefined ? {} : { appendedAtMs }),
      endOffset,
    } satisfies FoundEvent);
  }

  #placeOf({ offset }: StoredRecord, line: number): LogPlace {
    return { partition: this.#partition, offset, line };
  }

  /** A source takes one call at a time. */
  async #read<T>(work: (source: LogSource) => Promise<T>): Promise<T> {
    const turn = this.#reading.then(() => work(this.#source));
    this.#reading = turn.catch(() => undefined);
    try {
      return await turn;
    } finally {
      if (settingsOf(this.env).kafka !== undefined) this.#closeWhenIdle();
    }
  }

  #closeWhenIdle(): void {
    clearTimeout(this.#closing ?? undefined);
    this.#closing = setTimeout(() => {
      this.#reading = this.#reading.then(() => this.#source.close());
    }, IDLE_MS);
  }
}

/** The record at an offset, whoever's it is; or the project's of a batch. */
async function findRecord(
  source: LogSource,
  project: string,
  name: EventName,
): Promise<{ record: StoredRecord; endOffset: number } | undefined> {
  if ("offset" in name) {
    const { records, endOffset } = await source.read(name.offset, 1, 0);
    const record = records.find(({ offset }) => offset === name.offset);
    return record && { record, endOffset };
  }
  const { records, endOffset } = await newestRecords(source, undefined, FIND_BYTES);
  const record = records.find(({ key, headers }) => key === name.batch && headers.project === project);
  return record && { record, endOffset };
}

/** The events of a record, if it is the project's; `sample` is added to. */
function* eventsOf(
  { headers, value }: StoredRecord,
  project: string,
  sample: LogSample,
): Generator<{ event: Event; line: number }> {
  if (headers.project !== project) return;
  sample.records++;
  sample.fromMs = Math.min(sample.fromMs ?? Number.POSITIVE_INFINITY, headers.receivedAtMs);
  sample.toMs = Math.max(sample.toMs ?? 0, headers.receivedAtMs);
  for (const [line, event] of (parseLines(new TextDecoder().decode(value)) ?? []).entries()) {
    if (!isEvent(event)) continue;
    sample.events++;
    yield { event, line };
  }
}

/** Others may write to a topic of Kafka's, too. */
function isEvent(value: unknown): value is Event {
  const { name, ts } = (value ?? {}) as Partial<Event>;
  return typeof name === "string" && typeof ts === "number";
}

function batchOf({ key }: { key: string }): string {
  return key.split(PART_SEPARATOR, 1)[0] ?? key;
}

function receivedOf({ headers }: StoredRecord): { receivedAtMs: number } {
  return { receivedAtMs: headers.receivedAtMs };
}

function emptySample(skippedRecords: number): LogSample {
  return { records: 0, events: 0, fromMs: null, toMs: null, skippedRecords };
}
