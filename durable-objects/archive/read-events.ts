import type { PropValue } from "../../protocol/event.ts";
import type { ArchiveBucket } from "./archive-bucket.ts";
import type { ArchivedEvent } from "./event-rows.ts";
import type { Columns } from "./group-reader.ts";
import { type FileToRead, type ReadCounts, readGroups } from "./read-groups.ts";
import type { GroupRead, RowQuery } from "./read-plan.ts";

/** What is wanted of the archived events. */
export interface EventQuery {
  /** Events of this name; absent: of every name. */
  name?: string;
  /** From this time on, epoch ms. */
  fromMs: number;
  /** Before this time, epoch ms. */
  toMs: number;
  /** Fields beside `name` and `ts`. `place` is `batch` and `line`. */
  fields: readonly EventField[];
}

export type EventField = "value" | "user" | "props" | "id" | "place";

/** A file of events, with the names in it when there are few. */
export interface EventFileToRead extends FileToRead {
  names?: readonly string[];
}

/** What a reading of events has cost. */
export interface EventReadCounts extends ReadCounts {
  events: number;
}

type Wanted = Omit<ArchivedEvent, "batch" | "line"> & Partial<Pick<ArchivedEvent, "batch" | "line">>;

export function noCounts(): EventReadCounts {
  return { requests: 0, bytes: 0, neededBytes: 0, groups: 0, events: 0 };
}

/**
 * Streams the events that a query wants, a row group at a time. Within a group they are in the order of name and time.
 *
 * @param counts is added to.
 * @throws ArchiveFileGoneError when an object is missing.
 */
export async function* readEvents(
  files: readonly EventFileToRead[],
  query: EventQuery,
  bucket: ArchiveBucket,
  counts: EventReadCounts = noCounts(),
): AsyncGenerator<Wanted[]> {
  const { fields, ...rows } = query;
  const columns = fields.flatMap((field) => (field === "place" ? ["batch", "line"] : [field]));
  const rowQuery: RowQuery = { nameColumn: "name", timeColumn: "ts", ...rows, columns };
  for (const file of files) {
    if (query.name !== undefined && file.names?.includes(query.name) === false) continue;
    for await (const { read, columns: values } of readGroups(file, rowQuery, bucket, counts)) {
      const events = wantedEvents(values, read, query);
      counts.events += events.length;
      if (events.length > 0) yield events;
    }
  }
}

function wantedEvents(columns: Columns, read: GroupRead, { name, fromMs, toMs }: EventQuery): Wanted[] {
  const events: Wanted[] = [];
  for (let row = 0; row < read.rows; row++) {
    const ts = Number(columns["ts"]?.[row]);
    if (ts < fromMs || ts >= toMs) continue;
    const own = read.name ?? String(columns["name"]?.[row]);
    if (name === undefined || own === name) events.push(eventOf(own, ts, columns, row));
  }
  return events;
}

function eventOf(name: string, ts: number, columns: Columns, row: number): Wanted {
  const event: Wanted = { name, ts };
  const [id, user, value] = [columns["id"]?.[row], columns["user"]?.[row], columns["value"]?.[row]];
  const props = columns["props"]?.[row];
  if (typeof id === "string") event.id = id;
  if (typeof user === "string") event.user = user;
  if (typeof value === "number") event.value = value;
  if (typeof props === "string") event.props = JSON.parse(props) as Record<string, PropValue>;
  if (columns["batch"] !== undefined) event.batch = Number(columns["batch"][row]);
  if (columns["line"] !== undefined) event.line = Number(columns["line"][row]);
  return event;
}
