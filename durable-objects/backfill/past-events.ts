import type { Event } from "../../protocol/event.ts";
import type { ArchiveBucket } from "../archive/archive-bucket.ts";
import { hourOf } from "../archive/archive-path.ts";
import { fieldsOf } from "../archive/explore.ts";
import type { ExploreShare } from "../archive/log-tail.ts";
import { type EventReadCounts, readEvents } from "../archive/read-events.ts";
import { ArchiveFileGoneError } from "../archive/read-groups.ts";
import type { Metric } from "../../protocol/metric.ts";
import type { MetricPartial } from "../engine/partials.ts";
import { HOUR_MS } from "./backfill-job.ts";

/** Rows of the archive that are read in one slice, about: a second of work. */
const SLICE_ROWS = 500_000;

/** Event time in `[fromMs, toMs)`; no event lies between `toMs` and `nextMs`, where the next slice begins. */
export interface Slice {
  fromMs: number;
  toMs: number;
  nextMs: number;
}

type PastFile = ExploreShare["files"][number];

/** A file that the archivers' catalogues name is not in the bucket. */
export class PastFileGoneError extends Error {
  override name = "PastFileGoneError";
  readonly file: PastFile;

  constructor(file: PastFile) {
    super(`${file.path} is not in the archive's bucket`);
    this.file = file;
  }
}

/** What was accepted of a span of event time, as it stands at one moment: files of the archive, and the log behind them. */
export class PastEvents {
  readonly #metric: Metric;
  readonly #hours = new Map<number, PastFile[]>();
  /** What is in no file, by the times at which it begins. */
  readonly #tail: { atMs: number; partial: MetricPartial }[];
  readonly #fromMs: number;
  readonly #toMs: number;

  /**
   * @param span times of events, end exclusive.
   * @param without paths of files that are known to be gone.
   */
  constructor(
    metric: Metric,
    shares: readonly ExploreShare[],
    span: { fromMs: number; toMs: number },
    without: readonly string[],
  ) {
    this.#metric = metric;
    this.#fromMs = span.fromMs;
    this.#toMs = span.toMs;
    for (const file of shares.flatMap(({ files }) => files)) {
      if (file.names?.includes(metric.event) === false || without.includes(file.path)) continue;
      this.#filesOf(file.hourMs).push(file);
    }
    this.#tail = shares.flatMap(({ tail }) => tail.flatMap(partsOf)).sort((a, b) => a.atMs - b.atMs);
    for (const { atMs } of this.#tail) this.#filesOf(hourOf(this.#within(atMs)));
  }

  /** The slices that hold events, ascending, none longer than `mostMs`. */
  slices(mostMs: number): Slice[] {
    const slices: Slice[] = [];
    for (const hourMs of [...this.#hours.keys()].sort((a, b) => a - b)) {
      const rows = this.#filesOf(hourMs).reduce((sum, file) => sum + file.rows, 0);
      const lengthMs = Math.ceil(Math.min(mostMs, HOUR_MS, (HOUR_MS * SLICE_ROWS) / Math.max(1, rows)));
      const endMs = Math.min(hourMs + HOUR_MS, this.#toMs);
      for (let fromMs = Math.max(hourMs, this.#fromMs); fromMs < endMs; fromMs += lengthMs) {
        const last = slices.at(-1);
        if (last !== undefined) last.nextMs = fromMs;
        slices.push({ fromMs, toMs: Math.min(fromMs + lengthMs, endMs), nextMs: this.#toMs });
      }
    }
    return slices;
  }

  /**
   * Streams the archived events of a slice.
   *
   * @param counts is added to.
   * @throws PastFileGoneError
   */
  async *read(
    { fromMs, toMs }: Slice,
    bucket: ArchiveBucket,
    counts: EventReadCounts,
  ): AsyncGenerator<Event[]> {
    const query = { name: this.#metric.event, fromMs, toMs, fields: fieldsOf(this.#metric) };
    for (const file of this.#filesOf(hourOf(fromMs))) {
      if (file.minTs >= toMs || file.maxTs < fromMs) continue;
      try {
        yield* readEvents([file], query, bucket, counts);
      } catch (error) {
        throw error instanceof ArchiveFileGoneError ? new PastFileGoneError(file) : error;
      }
    }
  }

  /** Takes what is in no file and begins before `toMs`. */
  takeTail(toMs: number): MetricPartial[] {
    const rest = this.#tail.findIndex(({ atMs }) => atMs >= toMs);
    return this.#tail.splice(0, rest < 0 ? this.#tail.length : rest).map(({ partial }) => partial);
  }

  #within(ms: number): number {
    return Math.min(Math.max(ms, this.#fromMs), this.#toMs - 1);
  }

  #filesOf(hourMs: number): PastFile[] {
    let files = this.#hours.get(hourMs);
    if (files === undefined) this.#hours.set(hourMs, (files = []));
    return files;
  }
}

/** A partial's panes and sessions, one by one. */
function partsOf(partial: MetricPartial): { atMs: number; partial: MetricPartial }[] {
  const { name, revision } = partial;
  const part = { name, revision, skipped: 0 };
  return [
    ...(partial.panes ?? []).map((pane) => ({ atMs: pane[0], partial: { ...part, panes: [pane] } })),
    ...(partial.sessions ?? []).map((session) => {
      return { atMs: session[2], partial: { ...part, sessions: [session] } };
    }),
  ];
}
