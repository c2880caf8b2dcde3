/** A file of the archive, as the catalogue has it. */
export interface ArchivedFile {
  project: string;
  hourMs: number;
  from: number;
  to: number;
  rows: number;
  bytes: number;
  /** What its events take as text, about: what it takes to hold them. */
  textBytes: number;
  footerBytes: number;
  minTs: number;
  maxTs: number;
  /** The event names, when there are few. */
  names?: string[];
}

/** What names a file within its partition. */
export type FileName = Pick<ArchivedFile, "project" | "hourMs" | "from" | "to">;

/** A run of offsets without a gap, all of which are archived. */
export interface ArchivedRange {
  from: number;
  to: number;
  cuts: number;
  rows: number;
}

/** What was begun, by its kind. */
export interface Plans {
  /** A range of the log, the time at which it was decided on, and how many of its files are written for certain. */
  cut: { from: number; to: number; nowMs: number; written: number };
  /** Files of one hour, by the offsets at which they begin. */
  compaction: { project: string; hourMs: number; inputs: number[] };
}

/** How archiving goes. */
export interface ArchiveProgress {
  /** When the oldest record arrived that is not archived, epoch ms, about; absent: there is none. */
  waitingSinceMs?: number;
  /** When to look again, epoch ms. */
  cutDueMs?: number;
  endOffset: number;
  /** The cursor that the log was told. */
  toldOffset: number;
  files: number;
  bytes: number;
  compactions: number;
  retries: number;
  /** In a row. */
  failures: number;
  lastError: string;
}
