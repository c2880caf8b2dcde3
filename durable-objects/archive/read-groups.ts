import { type AsyncBuffer, parquetMetadata } from "hyparquet";
import type { ArchiveBucket } from "./archive-bucket.ts";
import { type Columns, readGroup } from "./group-reader.ts";
import { type ByteRange, type GroupRead, planFile, type RowQuery } from "./read-plan.ts";

/** A file to read, as the catalogue knows it. */
export interface FileToRead {
  path: string;
  bytes: number;
  footerBytes: number;
}

/** What a reading has cost. */
export interface ReadCounts {
  requests: number;
  /** Bytes that were asked for. */
  bytes: number;
  /** Of these, the columns of groups that may hold wanted rows, and the files' footers. */
  neededBytes: number;
  groups: number;
}

/** An object that the catalogue names is not in the bucket. */
export class ArchiveFileGoneError extends Error {
  override name = "ArchiveFileGoneError";
}

/** Groups that are read ahead of the one that is being used. */
const AHEAD = 3;

/**
 * Streams the row groups of a file that may hold wanted rows, by range requests for only the columns that are needed.
 *
 * @param counts is added to.
 * @throws ArchiveFileGoneError when the object is missing.
 */
export async function* readGroups(
  file: FileToRead,
  query: RowQuery,
  bucket: ArchiveBucket,
  counts: ReadCounts,
): AsyncGenerator<{ read: GroupRead; columns: Columns }> {
  const bytes = new CountedFile(file, bucket, counts);
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
    yield { read, columns: columns ?? {} };
  }
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
