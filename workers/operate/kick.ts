import type { ArchiverStats } from "../../durable-objects/archiver.ts";
import type { ReaderStats } from "../../durable-objects/partition-reader.ts";
import { catalogOf, type Env, settingsOf } from "../../durable-objects/env.ts";

/** How readers and archivers do, one of each for a partition. */
export interface Kicked {
  readers: ReaderStats[];
  /** None without an archive. */
  archivers: ArchiverStats[];
}

/**
 * Makes sure that every reader reads, every archiver archives, every window object closes what waits only for the
 * clock, and every backfill goes on.
 */
export async function kickAll(env: Env): Promise<Kicked> {
  const { partitions } = settingsOf(env);
  const readers = await Promise.all(
    Array.from({ length: partitions }, (_, p) => env.PARTITION_READER.getByName(String(p)).kick()),
  );
  const archivers = env.ARCHIVE === undefined ? [] : await kickArchivers(env, readers);
  const projects = await catalogOf(env).projects();
  await Promise.all(projects.map((project) => env.METRIC_WINDOW.getByName(project).wake()));
  if (env.ARCHIVE !== undefined) {
    await Promise.all(projects.map((project) => env.BACKFILL.getByName(project).wake()));
  }
  return { readers, archivers };
}

function kickArchivers(env: Env, readers: readonly ReaderStats[]): Promise<ArchiverStats[]> {
  return Promise.all(
    readers.map(({ partition, endOffset }) => env.ARCHIVER.getByName(String(partition)).kick(endOffset)),
  );
}
