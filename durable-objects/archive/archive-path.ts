/** What an archive file holds: events of one project and hour, cut from one range of one partition of the log. */
export interface FilePlace {
  project: string;
  /** When the hour begins, epoch ms. */
  hourMs: number;
  partition: number;
  /** First and last offset of the range. */
  from: number;
  to: number;
}

export const HOUR_MS = 3_600_000;

/** When the hour of an event begins, UTC. */
export function hourOf(tsMs: number): number {
  return Math.floor(tsMs / HOUR_MS) * HOUR_MS;
}

/** The object's name: by event time, so that a query prunes by it, and by range, so that a retry writes the same object. */
export function archivePath({ project, hourMs, partition, from, to }: FilePlace): string {
  const [date = "", time = ""] = new Date(hourMs).toISOString().split("T");
  const folder = `events/project=${encodeURIComponent(project)}/date=${date}/hour=${time.slice(0, 2)}`;
  return `${folder}/p${partition}-${from}-${to}.parquet`;
}

const PATH = /^events\/project=([^/]+)\/date=(\d{4}-\d\d-\d\d)\/hour=(\d\d)\/p(\d+)-(\d+)-(\d+)\.parquet$/;

/** What {@link archivePath} was given, or undefined when it is no such name. */
export function parseArchivePath(path: string): FilePlace | undefined {
  const [, project = "", date, hour, partition, from, to] = PATH.exec(path) ?? [];
  if (date === undefined) return undefined;
  return {
    project: decodeURIComponent(project),
    hourMs: Date.parse(`${date}T${hour}:00:00Z`),
    partition: Number(partition),
    from: Number(from),
    to: Number(to),
  };
}
