import { BatchIdMemory } from "../engine/batch-id-memory.ts";
import type { LogSource, StoredRecord } from "../log/event-log.ts";
import type { ArchiveStore } from "../storage/archive-store.ts";
import type { ArchivedFile, FileName, Plans } from "./archived-file.ts";
import type { ArchiveBucket } from "./archive-bucket.ts";
import { filesToCompact, GARBAGE_AFTER_MS } from "./compaction.ts";
import { type Cut, cutRecords, type HourRows } from "./cut.ts";
import { cutDueMs, isFull } from "./cut-policy.ts";
import { type EventFile, encodeEvents } from "./event-file.ts";
import { EventRows } from "./event-rows.ts";
import { gather, gatherRange } from "./gather.ts";
import { readRows } from "./read-rows.ts";

/** What an archiver works with. */
export interface ArchiveParts {
  store: ArchiveStore;
  source: LogSource;
  bucket: ArchiveBucket;
  everyMs: number;
  dedupWindowMs: number;
}

interface Encoded {
  file: ArchivedFile;
  body: Uint8Array;
}

/** How often a cut of very many files notes how far it has got: a run may not make more requests than it has. */
const NOTE_EVERY_FILES = 64;
const DELETE_MOST = 500;

/**
 * The archive of one partition, for the length of a run. Whatever is begun is on disk first, is repeated the same after
 * a crash, and counts in one transaction when all of it is written.
 */
export class PartitionArchive {
  readonly #parts: ArchiveParts;
  readonly #batchIds: BatchIdMemory;

  constructor(parts: ArchiveParts) {
    this.#parts = parts;
    this.#batchIds = new BatchIdMemory(parts.dedupWindowMs);
    parts.store.reader.recall(this.#batchIds);
  }

  /**
   * Writes the next cut, when one is due.
   *
   * @returns whether another may be due.
   */
  async cut(nowMs: number): Promise<boolean> {
    const { store, source, everyMs } = this.#parts;
    const begun = store.plan("cut");
    if (begun !== undefined) {
      await this.#write(begun, await gatherRange(source, begun.from, begun.to));
      return true;
    }
    const from = store.reader.nextOffset;
    const gathered = await gather(source, from);
    const { records, nextOffset, endOffset } = gathered;
    store.note({ endOffset });
    if (nextOffset === from) {
      store.note({ waitingSinceMs: undefined, cutDueMs: undefined });
      return false;
    }
    const oldestMs = Math.min(nowMs, gathered.oldestMs);
    const dueMs = records.length === 0 ? nowMs : cutDueMs({ ...gathered, oldestMs }, nowMs, everyMs);
    if (dueMs > nowMs) {
      store.note({ waitingSinceMs: oldestMs, cutDueMs: dueMs });
      return false;
    }
    const plan = { from, to: nextOffset - 1, nowMs, written: 0 };
    await store.begin("cut", plan);
    await this.#write(plan, gathered);
    if (isFull(gathered) || nextOffset < endOffset) return true;
    store.note({ waitingSinceMs: undefined, cutDueMs: undefined });
    return false;
  }

  async #write(
    range: Plans["cut"],
    { records, lostOffsets }: { records: StoredRecord[]; lostOffsets: number },
  ): Promise<void> {
    const { store } = this.#parts;
    const { hours, ...cut } = cutRecords(records.splice(0), this.#batchIds);
    const files = encodeAll(hours, range);
    await this.#put(range, files);
    const receivedMs = this.#rememberedMs(cut, range);
    for (const batch of cut.batches) this.#batchIds.remember(batch, receivedMs);
    const entries = files.map(({ file }) => file);
    store.completeCut({ ...range, lostOffsets }, cut, entries, this.#batchIds, receivedMs, range.nowMs);
  }

  async #put(range: Plans["cut"], files: readonly Encoded[]): Promise<void> {
    const { store, bucket } = this.#parts;
    for (let index = range.written; index < files.length; index++) {
      const { file, body } = files[index] as Encoded;
      await bucket.put(store.pathOf(file), body);
      const written = index + 1;
      if (written % NOTE_EVERY_FILES === 0) await store.begin("cut", { ...range, written });
    }
  }

  /**
   * The time at which a cut's batches are remembered: the newest arrival, but not what a wrong clock says, and never
   * earlier than the last cut's, so that what is forgotten depends on what is on disk alone.
   */
  #rememberedMs(cut: Pick<Cut, "receivedAtMs">, { nowMs }: Plans["cut"]): number {
    const lastMs = this.#batchIds.oldestMs + this.#parts.dedupWindowMs;
    return Math.max(lastMs, Math.min(cut.receivedAtMs, nowMs));
  }

  /**
   * Puts small files of one hour together, when there are any to put together.
   *
   * @returns whether there may be more.
   */
  async compact(nowMs: number): Promise<boolean> {
    const { store } = this.#parts;
    const plan = store.plan("compaction") ?? this.#planCompaction(nowMs);
    if (plan === undefined) return false;
    const { project, hourMs } = plan;
    const files = store.filesOf(project, hourMs).filter(({ from }) => plan.inputs.includes(from));
    const [first, last] = [files[0], files.at(-1)];
    if (first === undefined || last === undefined) {
      store.hourIsCompact(plan);
      return true;
    }
    await store.begin("compaction", plan);
    const name: FileName = { project, hourMs, from: first.from, to: last.to };
    const bodies = await this.#bodiesOf(files);
    if (bodies === undefined) store.giveUpCompaction(name);
    else await this.#replace(files, name, bodies, nowMs);
    return true;
  }

  #planCompaction(nowMs: number): Plans["compaction"] | undefined {
    const { store } = this.#parts;
    const hour = store.hourToCompact(nowMs);
    if (hour === undefined) return undefined;
    const files = filesToCompact(store.filesOf(hour.project, hour.hourMs));
    return { ...hour, inputs: files.map(({ from }) => from) };
  }

  /** @returns undefined when one is gone: the bucket's own rules have deleted it. */
  async #bodiesOf(files: readonly ArchivedFile[]): Promise<ArrayBuffer[] | undefined> {
    const { store, bucket } = this.#parts;
    const bodies: ArrayBuffer[] = [];
    for (const file of files) {
      const body = await bucket.get(store.pathOf(file));
      if (body === undefined) return undefined;
      bodies.push(body);
    }
    return bodies;
  }

  async #replace(
    files: readonly ArchivedFile[],
    name: FileName,
    bodies: readonly ArrayBuffer[],
    nowMs: number,
  ): Promise<void> {
    const { store, bucket } = this.#parts;
    const rows = new EventRows();
    for (const body of bodies) await readRows(body, rows);
    const encoded = encodeEvents(rows);
    await bucket.put(store.pathOf(name), encoded.body);
    store.completeCompaction(files, describeFile(name, encoded), nowMs + GARBAGE_AFTER_MS);
  }

  /** Deletes files that others have replaced. */
  async collect(nowMs: number): Promise<void> {
    const { store, bucket } = this.#parts;
    const paths = store.garbage(nowMs, DELETE_MOST);
    if (paths.length === 0) return;
    await bucket.delete(paths);
    store.garbageIsGone(paths);
  }
}

/**
 * Encodes the hours of a cut in one go, letting go of each: while one archiver waits for the bucket, others in the
 * same isolate need the memory.
 */
function encodeAll(hours: HourRows[], { from, to }: Plans["cut"]): Encoded[] {
  const files: Encoded[] = [];
  for (const { project, hourMs, rows } of hours.splice(0)) {
    const encoded = encodeEvents(rows);
    files.push({ file: describeFile({ project, hourMs, from, to }, encoded), body: encoded.body });
  }
  return files;
}

function describeFile(name: FileName, { body, names, ...facts }: EventFile): ArchivedFile {
  const file: ArchivedFile = { ...name, ...facts, bytes: body.length };
  return names === undefined ? file : { ...file, names };
}
