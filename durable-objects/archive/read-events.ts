import { type AsyncBuffer, parquetMetadata } from "hyparquet";
import type { PropValue } from "../../protocol/event.ts";
import type { ArchiveBucket } from "./archive-bucket.ts";
import type { ArchivedEvent } from "./event-rows.ts";
import { type Columns, readGroup } from "./group-reader.ts";
import { type ByteRange, type EventQuery, type GroupRead, planFile } from "./read-plan.ts";

/** A file to read, as the catalogue knows it. */
export interface FileToRead {
  path: string;
  bytes: number;
  footerBytes: number;
  names?: readonly string[];
}

/** What a reading has cost. */
export interface ReadCounts {
  requests: number;
  /** Bytes that were asked for. */
  bytes: number;
  /** Of these, the columns of groups that may hold wanted events, and the files' footers. */
  neededBytes: number;
  groups: number;
  events: number;
}

/** An object that the catalogue names is not in the bucket. */
export class ArchiveFileGoneError extends Error {
  override name = "ArchiveFileGoneError";
}

type Wanted = Omit<ArchivedEvent, "batch" | "line"> & Partial<Pick<ArchivedEvent, "batch" | "line">>;

/** Groups that are read ahead of the one that is being used. */
const AHEAD = 3;

export function noCounts(): ReadCounts {
  return { requests: 0, bytes: 0, neededBytes: 0, groups: 0, events: 0 };
}

/**
 * Streams the events that a query wants, a row group at a time, by range requests for only the groups and columns
 * that it needs. Within a group they are in the order of name and time.
 *
 * @param counts is added to.
 * @throws ArchiveFileGoneError when an object is missing.
 */
export async function* readEvents(
  files: readonly FileToRead[],
  query: EventQuery,
  bucket: ArchiveBucket,
  counts: ReadCounts = noCounts(),
): AsyncGenerator<Wanted[]> {
  for (const file of files) {
    if (query.name !== undefined && file.names?.includes(query.name) === false) continue;
    yield* readFile(file, query, new CountedFile(file, bucket, counts), counts);
  }
}

async function* readFile(
  file: FileToRead,
  query: EventQuery,
  bytes: CountedFile,
  counts: ReadCounts,
): AsyncGenerator<Wanted[]> {
  const footer = await bytes.fetch({ start: file.bytes - file.footerBytes, end: file.bytes });
  counts.neededBytes += file.footerBytes;
  const metadata = parquetMetadata(footer);
  const reads = planFile(metadata, query);
  const load = async (read: GroupRead | undefined): Promise<Columns> => {
    if (read === undefined) return {};
    counts.groups++;
    counts.neededBytes += read.neededBytes;
    const parts = await bytes.fetchAll(read.ranges);
    return readGroup(parts, metadata, read.columns, read.rowStart, read.rows);
  };
  const loading = reads.slice(0, AHEAD).map(load);
  for (const [index, read] of reads.entries()) {
    const columns = await loading.shift();
    const next = load(reads[index + AHEAD]);
    // Whoever stops early leaves it unawaited.
    next.catch(() => undefined);
    loading.push(next);
    const events = wantedEvents(columns ?? {}, read, query);
    counts.events += events.length;
    if (events.length > 0) yield events;
  }
}

function wantedEvents(columns: Columns, read: GroupRead, { name, fromMs, toMs }: EventQuery): Wanted[] {
  const events: Wanted[] = [];
  for (let row = 0; row < read.rows; row++) {
    const ts = Number(columns.ts?.[row]);
    if (ts < fromMs || ts >= toMs) continue;
    const own = read.name ?? String(columns.name?.[row]);
    if (name === undefined || own === name) events.push(eventOf(own, ts, columns, row));
  }
  return events;
}

function eventOf(name: string, ts: number, columns: Columns, row: number): Wanted {
  const event: Wanted = { name, ts };
  const [id, user, value] = [columns.id?.[row], columns.user?.[row], columns.value?.[row]];
  const props = columns.props?.[row];
  if (typeof id === "string") event.id = id;
  if (typeof user === "string") event.user = user;
  if (typeof value === "number") event.value = value;
  if (typeof props === "string") event.props = JSON.parse(props) as Record<string, PropValue>;
  if (columns.batch !== undefined) event.batch = Number(columns.batch[row]);
  if (columns.line !== undefined) event.line = Number(columns.line[row]);
  return event;
}

/** Range requests to one object, counted. */
class CountedFile {
  readonly #file: FileToRead;
  readonly #bucket: ArchiveBucket;
  readonly #counts: ReadCounts;

  constructor(file: FileToRead, bucket: ArchiveBucket, counts: ReadCounts) {
    this.#file = file;
    this.#bucket = bucket;
    this.#counts = counts;
  }

  async fetch({ start, end }: ByteRange): Promise<ArrayBuffer> {
    this.#counts.requests++;
    this.#counts.bytes += end - start;
    const { path } = this.#file;
    const part = await this.#bucket.get(path, { offset: start, length: end - start });
    if (part === undefined) throw new ArchiveFileGoneError(`${path} is not in the archive's bucket`);
    return part;
  }

  /** Fetches ranges, and answers for the bytes in them. */
  async fetchAll(ranges: readonly ByteRange[]): Promise<AsyncBuffer> {
    const parts = await Promise.all(
      ranges.map(async (range) => ({ ...range, body: await this.fetch(range) })),
    );
    return {
      byteLength: this.#file.bytes,
      slice: (start, end = start) => filled(parts, start, end),
    };
  }
}

/** Bytes of a file as far as they were fetched: the decoder asks for what lies between its columns, but leaves it. */
function filled(
  parts: readonly (ByteRange & { body: ArrayBuffer })[],
  start: number,
  end: number,
): ArrayBuffer {
  const whole = new Uint8Array(end - start);
  for (const part of parts) {
    const [from, to] = [Math.max(start, part.start), Math.min(end, part.end)];
    if (from < to) whole.set(new Uint8Array(part.body, from - part.start, to - from), from - start);
  }
  return whole.buffer;
}
